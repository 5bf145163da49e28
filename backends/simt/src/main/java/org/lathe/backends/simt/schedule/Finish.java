package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/** The epilogue of a heavy kernel within one launch: its operands, and the code that ends elements. */
final class Finish {
  private final LaunchBuilder k;
  private final Epilogue epilogue;
  private final Dims space;
  private final List<Memory> in;
  private final List<Memory> out;

  private Finish(LaunchBuilder k, Epilogue epilogue, Dims space, List<Memory> in, List<Memory> out) {
    this.k = k;
    this.epilogue = epilogue;
    this.space = space;
    this.in = in;
    this.out = out;
  }

  /**
   * Binds the operands of a spec's epilogue.
   *
   * @param space the output space
   * @param firstInput the number of the epilogue's first input among the spec's
   */
  static Finish of(LaunchBuilder k, Epilogue epilogue, Dims space, int firstInput) {
    List<Memory> in = new ArrayList<>();
    List<Memory> out = new ArrayList<>();
    for (int i = 0; i < epilogue.inputs().size(); i++) {
      in.add(k.input(firstInput + i, "extra" + i));
    }
    for (int j = 0; j < epilogue.outputs().size(); j++) {
      out.add(k.output(j, "out" + j));
    }
    return new Finish(k, epilogue, space, in, out);
  }

  /** Elements stored as they are, densely over {@code space}, into workspace 0 of the plan. */
  static Finish store(LaunchBuilder k, DType compute, Dims space) {
    Memory parts = k.workspace(0, "parts", compute, space.product(), Parameter.Access.WRITE);
    return new Finish(k, Epilogue.store(compute, View.dense(compute, space)), space, List.of(), List.of(parts));
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
      Accesses.write(k, out.get(j), epilogue.outputs().get(j), at, space, results.get(j));
    }
  }

  /** All that the epilogue accesses, over the output space. */
  List<View> views() {
    List<View> views = new ArrayList<>(epilogue.inputs());
    views.addAll(epilogue.outputs());
    return views;
  }

  /** Stores what becomes of the elements at these points of the output space. */
  void write(Value elements, Cursor points) {
    List<Value> inputs = new ArrayList<>();
    inputs.add(elements);
    inputs.addAll(points.readAll(k, in, epilogue.inputs()));
    List<Value> results = Exprs.write(k, epilogue.expr(), inputs, points.coordinates());
    points.writeAll(k, out, epilogue.outputs(), results);
  }

  /** As {@link #runsAlong(Epilogue, Dims, int)}, of this epilogue. */
  private boolean runsAlong(int dim) {
    return runsAlong(epilogue, space, dim);
  }

  /** Whether elements that follow each other along {@code dim} are read and stored as vectors. */
  static boolean runsAlong(Epilogue epilogue, Dims space, int dim) {
    return space.get(dim) > 1
        && epilogue.outputs().stream().allMatch(v -> v.strides().get(dim) == 1)
        && epilogue.inputs().stream().allMatch(
            v -> v.guard() == null && (v.strides().get(dim) == 1 || v.strides().get(dim) == 0));
  }

  /**
   * Stores what becomes of a vector of elements along {@code dim}, where {@link #runsAlong} holds.
   *
   * @param at the coordinates of its first lane
   */
  void writeRun(Value elements, List<Value> at, int dim) {
    int lanes = elements.type().lanes();
    List<Value> inputs = new ArrayList<>();
    inputs.add(elements);
    for (int i = 0; i < in.size(); i++) {
      View view = epilogue.inputs().get(i);
      int wide = view.strides().get(dim) == 0 ? 1 : lanes;
      inputs.add(k.let("x", Values.load(in.get(i), Accesses.element(view, at, space), wide, false)));
    }
    List<Value> coordinates = new ArrayList<>(at);
    coordinates.set(dim, Values.add(at.get(dim), Values.lanes(lanes)));
    List<Value> results = Exprs.write(k, epilogue.expr(), inputs, coordinates);
    for (int j = 0; j < out.size(); j++) {
      Value address = Accesses.element(epilogue.outputs().get(j), at, space);
      k.store(out.get(j), address, Values.splat(results.get(j), lanes));
    }
  }

  /**
   * Ends a row of elements that lie in {@code memory} from {@code base} on, along {@code dim}.
   *
   * @param at the coordinates of the element at {@code base}
   * @param from the first element of the row to end
   * @param to one more than the last
   */
  void writeRow(Memory memory, Value base, List<Value> at, int dim, Value from, Value to, int lanes) {
    Value rest = from;
    if (lanes > 1 && runsAlong(dim)) {
      Value vectors = Values.mul(Values.div(Values.sub(to, from), lanes), lanes);
      rest = k.let("rest", Values.add(from, vectors));
      k.loop("e", from, rest, lanes,
          e -> writeRun(k.let("y", Values.load(memory, Values.add(base, e), lanes, false)), moved(at, dim, e), dim));
    }
    k.loop("e", rest, to, 1, e -> write(k.let("y", Values.load(memory, Values.add(base, e))), moved(at, dim, e)));
  }

  private List<Value> moved(List<Value> at, int dim, Value by) {
    List<Value> there = new ArrayList<>(at);
    there.set(dim, k.let("at", Values.add(at.get(dim), by)));
    return there;
  }
}
