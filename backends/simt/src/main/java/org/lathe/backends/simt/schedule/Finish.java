package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/** The epilogue of a heavy kernel within one launch: its operands, and the code that ends each element. */
final class Finish {
  private final LaunchBuilder k;
  private final Epilogue epilogue;
  private final Dims space;
  private final List<Memory> in = new ArrayList<>();
  private final List<Memory> out = new ArrayList<>();

  /**
   * Binds the epilogue's operands.
   *
   * @param space the output space
   * @param firstInput the number of the epilogue's first input among the spec's
   */
  Finish(LaunchBuilder k, Epilogue epilogue, Dims space, int firstInput) {
    this.k = k;
    this.epilogue = epilogue;
    this.space = space;
    for (int i = 0; i < epilogue.inputs().size(); i++) {
      in.add(k.input(firstInput + i, "extra" + i));
    }
    for (int j = 0; j < epilogue.outputs().size(); j++) {
      out.add(k.output(j, "out" + j));
    }
  }

  /** Stores what becomes of this element at these coordinates of the output space. */
  void write(Value element, List<Value> at) {
    List<Value> inputs = new ArrayList<>();
    inputs.add(element);
    for (int i = 0; i < in.size(); i++) {
      inputs.add(Accesses.read(k, in.get(i), epilogue.inputs().get(i), at, space));
    }
    List<Value> results = Exprs.write(k, epilogue.expr(), inputs, at);
    for (int j = 0; j < out.size(); j++) {
      View view = epilogue.outputs().get(j);
      Accesses.write(k, out.get(j), view, at, space, results.get(j));
    }
  }
}
