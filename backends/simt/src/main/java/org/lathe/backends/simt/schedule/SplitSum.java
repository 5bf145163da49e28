package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;

/** The second launch of a reduction that was split: adds up the parts in workspace 0, always in one order. */
final class SplitSum {
  private SplitSum() {}

  /**
   * @param parts how many sums there are for each element, one dense block over {@code space} after the other
   * @param epilogue the spec's, whose inputs come after two others
   */
  static Launch launch(KernelSpec spec, Site site, long parts, DType compute, Dims space, Epilogue epilogue) {
    LaunchBuilder k = new LaunchBuilder("sum_of_parts", spec, site);
    long points = space.product();
    Memory from = k.workspace(0, "parts", compute, parts * points, Parameter.Access.READ);
    Finish finish = Finish.of(k, epilogue, space, 2);
    return PointForm.launch(k, site, space, (point, at) -> {
      Variable sum = k.variable("sum", Values.constant(compute, 0));
      Value first = Values.cast(point, parts * points > Integer.MAX_VALUE ? DType.I64 : point.type().dtype());
      k.loop("p", parts, p -> k.assign(
          sum,
          Values.binary(BinaryOp.ADD, Values.read(sum), Values.load(from, Values.add(Values.mul(p, points), first)))));
      finish.write(Values.read(sum), at);
    });
  }
}
