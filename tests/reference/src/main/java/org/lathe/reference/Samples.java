package org.lathe.reference;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.Scatter;

/** Random operands that make sense to a kernel. */
public final class Samples {
  private Samples() {}

  /**
   * Inputs of one kernel: reals of normal distribution, small integers, indices that reach a little beyond the table, and
   * for backward passes what their forward pass gives.
   */
  public static List<Elements> inputs(KernelSpec spec, RandomGenerator random) {
    List<Elements> in = new ArrayList<>();
    for (Operand o : spec.inputs()) {
      in.add(operand(o, random));
    }
    switch (spec) {
      case Gather g -> integers(in.get(1), -2, g.rows() + 2, random);
      case Scatter s -> integers(in.get(s.hasBase() ? 1 : 0), -2, s.rows() + 2, random);
      case RowProgram r -> in.stream().filter(e -> e.dtype() == DType.I32)
          .forEach(e -> integers(e, 0, Math.max(1, r.columns()), random));
      case RandomBits r -> integers(in.getFirst(), Long.MIN_VALUE, Long.MAX_VALUE, random);
      case Recurrence r when r.form() == Recurrence.Form.FORWARD -> soften(r, in.get(1));
      case Recurrence r -> recurrence(r, in, random);
      case Attention a when a.form() == Attention.Form.BACKWARD -> {
        return backward(a, in, random);
      }
      default -> {}
    }
    return in;
  }

  /** Random values of an operand. */
  public static Elements operand(Operand o, RandomGenerator random) {
    Elements e = Elements.poisoned(o.dtype(), o.elements());
    for (long i = 0; i < o.elements(); i++) {
      e.set(i, switch (o.dtype()) {
        case F32, F64, F16, BF16 -> (float) random.nextGaussian();
        case I32, I64 -> random.nextInt(-9, 10);
        case U8 -> random.nextInt(256);
        case BOOL -> random.nextInt(2);
      });
    }
    return e;
  }

  private static void integers(Elements e, long from, long to, RandomGenerator random) {
    for (long i = 0; i < e.size(); i++) {
      e.set(i, Scalar.of(e.dtype(), random.nextLong(from, to)));
    }
  }

  /** Weights small enough that gates do not saturate. */
  private static void soften(Recurrence r, Elements weights) {
    double scale = 1 / Math.sqrt(Math.max(1, r.hidden()));
    for (long i = 0; i < weights.size(); i++) {
      weights.set(i, weights.real(i) * scale);
    }
  }

  private static void recurrence(Recurrence r, List<Elements> in, RandomGenerator random) {
    Recurrence forward = new Recurrence(
        r.cell(), Recurrence.Form.FORWARD, r.dtype(), r.steps(), r.batch(), r.hidden(), r.reverse());
    List<Elements> before = inputs(forward, random);
    List<Elements> after = SpecReference.run(forward, before);
    in.set(0, before.get(1));
    in.set(1, before.get(2));
    in.set(2, after.get(0));
    switch (r.cell()) {
      case PLAIN -> {}
      case LSTM -> {
        in.set(3, before.get(3));
        in.set(4, after.get(1));
        in.set(5, after.get(2));
      }
      case GRU -> in.set(3, after.get(1));
    }
  }

  /** The inputs of a backward pass after a forward pass over these queries, keys, values and perhaps biases. */
  public static List<Elements> backward(Attention a, List<Elements> forward, RandomGenerator random) {
    Attention before = new Attention(
        Attention.Form.FORWARD, a.batch(), a.heads(), a.queries(), a.keys(), a.width(), a.valueWidth(), a.causal(),
        a.scale(), a.query(), a.key(), a.value(), a.bias(), a.out());
    List<Elements> in = new ArrayList<>(forward.subList(0, before.inputs().size()));
    in.addAll(SpecReference.run(before, in));
    in.add(operand(a.inputs().getLast(), random));
    return in;
  }
}
