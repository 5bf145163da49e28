package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.function.Function;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;

/** The plainest form of a sum of products: each point of the output by itself. */
final class PointForm {
  private static final int GROUP = 64;

  private PointForm() {}

  /**
   * A work item for each point, or in the pipeline form one that goes through all of them.
   *
   * @param sum the sum at the point of these coordinates
   */
  static KernelPlan plan(LaunchBuilder k, Site site, Dims space, Finish finish, Function<List<Value>, Value> sum) {
    long points = space.product();
    if (site.traits().isPipeline()) {
      k.loop("point", Values.index(0), Values.index(points), 1, point -> {
        List<Value> at = Accesses.coordinates(k, point, space);
        finish.write(sum.apply(at), at);
      });
      return KernelPlan.of("one work item for " + points + " points", k.launch(1, 1));
    }
    long group = Math.min(GROUP, site.traits().maxGroup());
    Value item = Accesses.item(k, points, group);
    k.when(Values.less(item, points), () -> {
      List<Value> at = Accesses.coordinates(k, item, space);
      finish.write(sum.apply(at), at);
    });
    return KernelPlan.of("a work item for each of " + points + " points", k.launch(points, group));
  }

  static Value zero(DType dtype) {
    return Values.constant(dtype, 0);
  }

  /** {@code a * b + c}. */
  static Value multiplyAdd(Value a, Value b, Value c) {
    return c.type().dtype().isFloating()
        ? Values.mad(a, b, c)
        : Values.binary(BinaryOp.ADD, Values.binary(BinaryOp.MUL, a, b), c);
  }
}
