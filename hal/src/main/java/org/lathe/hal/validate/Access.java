package org.lathe.hal.validate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Scatter;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.hal.spec.View;

/**
 * The bytes of a slice that a kernel touches through one operand: equally long runs, at every point of a nest of steps.
 *
 * @param start the first byte touched
 * @param run the length of a run in bytes; 0 if nothing is touched
 * @param axes the steps from run to run; empty for one run
 */
record Access(long start, long run, List<Axis> axes) {
  record Axis(long size, long step) {}

  /** The accesses of all operands of a kernel. */
  record Operands(List<Access> inputs, List<Access> outputs) {}

  static Operands of(KernelSpec spec) {
    return switch (spec) {
      case Map m -> new Operands(through(m.inputViews(), m.space()), through(m.outputViews(), m.space()));
      case Reduce r -> new Operands(
          concat(through(r.inputViews(), r.space()), through(r.epilogueInputs(), r.kept())),
          through(r.outputViews(), r.kept()));
      case RowProgram r -> new Operands(through(r.inputViews(), r.space()), through(r.outputViews(), r.space()));
      case Contraction c -> heavy(
          of(c.a(), c.batch().append(Dims.of(c.m(), c.k()))), of(c.b(), c.batch().append(Dims.of(c.k(), c.n()))),
          c.epilogue(),
          c.space());
      case Convolution c ->
        heavy(of(c.first(), c.firstSpace()), of(c.second(), c.secondSpace()), c.epilogue(), c.space());
      case Attention a -> attention(a);
      case Pooling p -> new Operands(
          concat(p.inputs().subList(0, p.pooledInputs()).stream().map(Access::dense).toList(),
              through(p.epilogue().inputs(), p.space())),
          through(p.epilogue().outputs(), p.space()));
      case Recurrence _,Gather _,Scatter _,RandomBits _,Sort _,TopK _,Scan _,Copy _ -> new Operands(
          spec.inputs().stream().map(Access::dense).toList(), spec.outputs().stream().map(Access::dense).toList());
    };
  }

  private static Operands heavy(Access first, Access second, Epilogue epilogue, Dims space) {
    return new Operands(
        concat(List.of(first, second), through(epilogue.inputs(), space)), through(epilogue.outputs(), space));
  }

  private static Operands attention(Attention a) {
    Access query = of(a.query(), a.querySpace());
    Access key = of(a.key(), a.keySpace());
    Access value = of(a.value(), a.valueSpace());
    Access out = of(a.out(), a.outSpace());
    View bias = a.bias();
    List<Access> in = new ArrayList<>(List.of(query, key, value));
    if (bias != null) {
      in.add(of(bias, a.biasSpace()));
    }
    if (a.form() == Attention.Form.FORWARD) {
      return new Operands(in, List.of(out, dense(a.outputs().get(1))));
    }
    in.addAll(List.of(out, dense(a.inputs().get(in.size() + 1)), out));
    return new Operands(in, List.of(query, key, value));
  }

  private static List<Access> concat(List<Access> a, List<Access> b) {
    return Stream.concat(a.stream(), b.stream()).toList();
  }

  private static List<Access> through(List<View> views, Dims space) {
    return views.stream().map(v -> of(v, space)).toList();
  }

  private static Access dense(Operand operand) {
    return new Access(0, operand.bytes(), List.of());
  }

  /** The order of the points does not matter, so steps that fill a block, whatever their order, make one run. */
  static Access of(View view, Dims space) {
    if (view.isEmpty(space)) {
      return new Access(0, 0, List.of());
    }
    List<Axis> axes = new ArrayList<>();
    for (int d = 0; d < space.rank(); d++) {
      long size = view.high(d, space.get(d)) - view.low(d);
      long step = Math.abs(view.strides().get(d)) * view.dtype().bytes();
      if (size > 1 && step != 0) {
        axes.add(new Axis(size, step));
      }
    }
    axes.sort(Comparator.comparingLong(Axis::step));
    long run = view.dtype().bytes();
    int merged = 0;
    while (merged < axes.size() && axes.get(merged).step() <= run) {
      run += (axes.get(merged).size() - 1) * axes.get(merged).step();
      merged++;
    }
    return new Access(view.start(space) * view.dtype().bytes(), run, List.copyOf(axes.subList(merged, axes.size())));
  }

  /** One more than the last byte touched. */
  long end() {
    return start + run + axes.stream().mapToLong(a -> (a.size() - 1) * a.step()).sum();
  }

  /** The number of runs, {@code limit} if there are more. */
  long runs(long limit) {
    long n = 1;
    for (Axis a : axes) {
      if (n > limit / a.size()) {
        return limit;
      }
      n *= a.size();
    }
    return Math.min(n, limit);
  }

  /** Gives the first byte of each run. */
  void forEachRun(LongConsumer firstByte) {
    forEachRun(axes.size() - 1, start, firstByte);
  }

  private void forEachRun(int axis, long at, LongConsumer firstByte) {
    if (axis < 0) {
      firstByte.accept(at);
      return;
    }
    for (long i = 0; i < axes.get(axis).size(); i++) {
      forEachRun(axis - 1, at + i * axes.get(axis).step(), firstByte);
    }
  }
}
