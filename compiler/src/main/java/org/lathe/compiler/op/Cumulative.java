package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Scan;

/**
 * Running combinations along attribute {@code axis}; flags {@code reverse} and {@code exclusive}, as in {@link
 * Scan}.
 */
public final class Cumulative {
  private Cumulative() {}

  public static final OpDef SUM = running(
      "cumulativeSum",
      Combiner.SUM,
      Domain.REAL,
      (c, g) -> apply(
          (OpDef) c.node().op(), g, axis(c), !c.attributes().flag("reverse"), c.attributes().flag("exclusive")));

  /** The gradient is exact where elements are 0; it takes memory of the length squared. */
  public static final OpDef PRODUCT = running("cumulativeProduct", Combiner.PRODUCT, new Domain(-1.5, 1.5),
      Cumulative::productGradient);

  /** The gradient goes to the first of equal maxima in the direction of the scan. */
  public static final OpDef MAX = running("cumulativeMax", Combiner.MAX, Domain.REAL,
      (c, g) -> extremeGradient(c, g, true));

  /** The gradient goes to the first of equal minima in the direction of the scan. */
  public static final OpDef MIN = running("cumulativeMin", Combiner.MIN, Domain.REAL,
      (c, g) -> extremeGradient(c, g, false));

  static final List<OpDef> ALL = List.of(SUM, PRODUCT, MAX, MIN);

  /** A running combination along {@code axis}, which is not negative. */
  static Tensor apply(OpDef op, Tensor x, int axis, boolean reverse, boolean exclusive) {
    return Tensor.apply(op, List.of(x), running(axis, reverse, exclusive));
  }

  private static Attributes running(int axis, boolean reverse, boolean exclusive) {
    return Attributes.of("axis", axis, "reverse", reverse).with("exclusive", exclusive);
  }

  private interface RunningGradient {
    Tensor vjp(OpDef.Call c, Tensor g);
  }

  private static OpDef running(String name, Combiner combiner, Domain domain, RunningGradient gradient) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              Types.axis(name, in.getFirst(), a.integer("axis"));
              return Types.elements(name, in.getFirst(), Elements.NUMERIC);
            })
        .reference((in, a, out) -> run(combiner, in.getFirst(), a, out))
        .vjp((c, g) -> Arrays.asList(gradient.vjp(c, g)))
        .lowering(
            new Lowering.Whole(
                (types, views, a, outputs) -> {
                  long[] around = Loops.around(types.getFirst().shape(), (int) a.integer("axis"));
                  return new Scan(
                      combiner,
                      types.getFirst().dtype(),
                      around[0],
                      around[1],
                      around[2],
                      a.flag("reverse"),
                      a.flag("exclusive"));
                },
                List.of()))
        .tolerance(combiner == Combiner.MAX || combiner == Combiner.MIN ? Tolerance.EXACT : Tolerance.ACCUMULATION)
        .sample("f32[13]", running(0, false, false), domain)
        .sample("f32[3,17]", running(1, true, false), domain)
        .sample("f32[7,3]", running(0, false, true), domain)
        .sample("f64[2,5,3]", running(1, true, true), domain)
        .sample("f32[3,0]", running(1, false, false), domain)
        .sample("f32[1,1]", running(0, false, true), domain)
        .sample("i32[3,7]", running(1, false, true), Domain.INTEGERS)
        .sample("i64[5]", running(0, true, false), new Domain(-5, 5))
        .sample("u8[3,13]", running(1, false, false), new Domain(0, 200))
        .build();
  }

  private static int axis(OpDef.Call c) {
    return (int) c.attributes().integer("axis");
  }

  private static Literal run(Combiner combiner, Literal x, Attributes a, TensorType out) {
    DType type = out.dtype();
    long[] around = Loops.around(out.shape(), (int) a.integer("axis"));
    double[] result = new double[Math.toIntExact(out.size())];
    for (long outer = 0; outer < around[0]; outer++) {
      for (long inner = 0; inner < around[2]; inner++) {
        double running = Loops.cast(combiner.identity(), DType.F64, type);
        for (long step = 0; step < around[1]; step++) {
          long k = a.flag("reverse") ? around[1] - 1 - step : step;
          int at = Math.toIntExact((outer * around[1] + k) * around[2] + inner);
          double next = Reductions.combine(combiner, type, running, x.get(at));
          result[at] = a.flag("exclusive") ? running : next;
          running = next;
        }
      }
    }
    return Literal.adopt(out, result);
  }

  /** Turns a scan over any axis, in any direction, into an inclusive one forwards along the last, and back. */
  private record Straight(Tensor x, Tensor g, int axis, boolean reverse) {
    static Straight of(OpDef.Call c, Tensor gradient) {
      boolean reverse = c.attributes().flag("reverse");
      int axis = Cumulative.axis(c);
      Tensor g = turn(gradient, axis, reverse);
      if (c.attributes().flag("exclusive") && g.dim(-1) > 0) {
        long n = g.dim(-1);
        Dims none = Dims.filled(g.rank(), 0);
        g = g.slice(-1, 1, n).pad(none, none.with(g.rank() - 1, 1), 0);
      }
      return new Straight(turn(c.input(0), axis, reverse), g, axis, reverse);
    }

    private static Tensor turn(Tensor t, int axis, boolean reverse) {
      Tensor last = t.moveAxis(axis, t.rank() - 1);
      return reverse ? last.reverse(-1) : last;
    }

    Tensor back(Tensor t) {
      return (reverse ? t.reverse(-1) : t).moveAxis(t.rank() - 1, axis);
    }

    /** Index of the element, along dimension {@code d} of [.., n, n]. */
    Tensor position(int d) {
      Dims shape = x.shape().insert(x.rank(), x.dim(-1));
      return Tensor.iota(x.builder(), DType.I32, shape, shape.rank() + d);
    }

    /** {@code t} [.., n] along the last dimension of [.., n, n]. */
    Tensor across(Tensor t) {
      return t.expandDims(t.rank() - 1).broadcastTo(x.shape().insert(x.rank(), x.dim(-1)));
    }
  }

  /**
   * With y[k] = x[0]..x[k]: dx[i] = E[i] S[i], where E[i] is the product before i, and S[i] the sum over k from i on of
   * g[k] times the product of x[j] for i < j <= k.
   */
  private static Tensor productGradient(OpDef.Call c, Tensor gradient) {
    Straight s = Straight.of(c, gradient);
    int last = s.x().rank() - 1;
    Tensor before = apply(PRODUCT, s.x(), last, false, true);
    Tensor i = s.position(-2);
    Tensor k = s.position(-1);
    Tensor x = s.across(s.x());
    Tensor factors = k.greater(i).where(x, x.like(1));
    Tensor runs = apply(PRODUCT, factors, last + 1, false, false);
    Tensor terms = runs.mul(s.across(s.g()));
    Tensor after = k.greaterEqual(i).where(terms, terms.zerosLike()).sum(-1);
    return s.back(before.mul(after));
  }

  private static Tensor extremeGradient(OpDef.Call c, Tensor gradient, boolean max) {
    Straight s = Straight.of(c, gradient);
    int last = s.x().rank() - 1;
    Tensor before = apply(max ? MAX : MIN, s.x(), last, false, true);
    Tensor better = max ? s.x().greater(before) : s.x().less(before);
    Tensor at = Tensor.iota(s.x().builder(), DType.I32, s.x().shape(), last);
    Tensor holder = apply(MAX, better.where(at, at.zerosLike()), last, false, false);
    Tensor g = s.across(s.g());
    return s.back(s.across(holder).equalTo(s.position(-2)).where(g, g.zerosLike()).sum(-1));
  }
}
