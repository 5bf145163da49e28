package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.OpDefBuilder.SingleGradient;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;

/**
 * Reductions over attribute {@code axes}, which rise; the result's shape lacks them. An empty reduction gives the
 * combiner's identity; NaN is as {@link Combiner} says.
 */
public final class Reductions {
  private Reductions() {}

  public static final OpDef SUM = reduction(
      "sum",
      Combiner.SUM,
      (c, g) -> Arrays.asList(spread(g, c.attributes().dims("axes"), c.input(0).shape())),
      Domain.REAL);

  /** The gradient is exact where elements are 0: it multiplies the others from both sides. */
  public static final OpDef PRODUCT = reduction("product", Combiner.PRODUCT,
      (c, g) -> Arrays.asList(productGradient(c, g)), new Domain(-1.5, 1.5));

  /** The gradient is shared evenly among the elements that are equal to the maximum. */
  public static final OpDef MAX = reduction("max", Combiner.MAX, (c, g) -> Arrays.asList(extremeGradient(c, g)),
      Domain.REAL);

  /** The gradient is shared evenly among the elements that are equal to the minimum. */
  public static final OpDef MIN = reduction("min", Combiner.MIN, (c, g) -> Arrays.asList(extremeGradient(c, g)),
      Domain.REAL);

  /** The i32 row-major index, within the reduced axes, of the first maximum. */
  public static final OpDef ARG_MAX = index("argMax", Combiner.ARGMAX);

  /** The i32 row-major index, within the reduced axes, of the first minimum. */
  public static final OpDef ARG_MIN = index("argMin", Combiner.ARGMIN);

  static final List<OpDef> ALL = List.of(SUM, PRODUCT, MAX, MIN, ARG_MAX, ARG_MIN);

  private static OpDef reduction(String name, Combiner combiner, SingleGradient gradient, Domain domain) {
    OpDefBuilder b = define(name, combiner)
        .vjp(gradient)
        .tolerance(
            combiner == Combiner.MAX || combiner == Combiner.MIN ? Tolerance.EXACT : Tolerance.ACCUMULATION);
    return samples(b, domain).build();
  }

  private static OpDef index(String name, Combiner combiner) {
    OpDefBuilder b = define(name, combiner).noGradient("its result is an index").tolerance(Tolerance.EXACT);
    return samples(b, Domain.REAL).sample("i32[3,31]", axes(1), new Domain(0, 3)).build();
  }

  private static OpDefBuilder samples(OpDefBuilder b, Domain domain) {
    return b.sample("f32[13]", axes(0), domain)
        .sample("f32[3,207]", axes(1), domain)
        .sample("f32[17,5]", axes(0), domain)
        .sample("f32[2,3,5]", axes(0, 2), domain)
        .sample("f32[2,3,5]", axes(1), domain)
        .sample("f32[1,1]", axes(0, 1), domain)
        .sample("f32[3,0]", axes(1), domain)
        .sample("f32[0,3]", axes(1), domain)
        .sample("f32[7]", axes(), domain)
        .sample("f32[]", axes(), domain)
        .sample("f64[7,11]", axes(0), domain)
        .sample("f16[3,17]", axes(1), domain)
        .sample("bf16[5,3]", axes(0), domain)
        .sample("i32[3,17]", axes(1))
        .sample("i64[13]", axes(0), new Domain(-5, 5))
        .sample("u8[3,13]", axes(1), new Domain(0, 200));
  }

  private static Attributes axes(long... axes) {
    return Attributes.of("axes", Dims.of(axes));
  }

  private static OpDefBuilder define(String name, Combiner combiner) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              Types.count(name, in, 1);
              TensorType t = Types.elements(name, in.getFirst(), Elements.NUMERIC);
              Types.axes(name, t, a.dims("axes"));
              return new TensorType(combiner.resultType(t.dtype()), keep(t.shape(), a.dims("axes")));
            })
        .reference((in, a, out) -> reduce(combiner, in.getFirst(), a.dims("axes"), out))
        .lowering(new Lowering.Reduction(combiner));
  }

  private static Literal reduce(Combiner combiner, Literal x, Dims axes, TensorType out) {
    DType type = x.type().dtype();
    int n = Math.toIntExact(out.size());
    double[] result = new double[n];
    double[] best = new double[n];
    int[] seen = new int[n];
    boolean index = combiner == Combiner.ARGMAX || combiner == Combiner.ARGMIN;
    Arrays.fill(result, index ? 0 : Loops.cast(combiner.identity(), DType.F64, type));
    Loops.each(
        x.type().shape(),
        (i, at) -> {
          int to = 0;
          for (int d = 0; d < i.length; d++) {
            if (!axes.contains(d)) {
              to = Math.toIntExact(to * x.type().dim(d) + i[d]);
            }
          }
          double v = x.get(at);
          if (index) {
            boolean better = combiner == Combiner.ARGMAX ? v > best[to] : v < best[to];
            if (seen[to] == 0 || (!Double.isNaN(best[to]) && (better || Double.isNaN(v)))) {
              best[to] = v;
              result[to] = seen[to];
            }
            seen[to]++;
          } else {
            result[to] = combine(combiner, type, result[to], v);
          }
        });
    return Literal.adopt(out, result);
  }

  /** One step of a combination in float64, or in the integer type. */
  static double combine(Combiner combiner, DType type, double a, double b) {
    return switch (combiner) {
      case SUM -> type.isFloating() ? a + b : Loops.wrap(type, (long) a + (long) b);
      case PRODUCT -> type.isFloating() ? a * b : Loops.wrap(type, (long) a * (long) b);
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case ARGMAX, ARGMIN -> throw new IllegalArgumentException(combiner + " does not combine values");
    };
  }

  /** {@code shape} without {@code axes}. */
  static Dims keep(Dims shape, Dims axes) {
    Dims kept = shape;
    for (int i = axes.rank() - 1; i >= 0; i--) {
      kept = kept.remove((int) axes.get(i));
    }
    return kept;
  }

  /** Broadcasts a reduced value back over {@code axes} of {@code shape}. */
  static Tensor spread(Tensor reduced, Dims axes, Dims shape) {
    long[] dims = new long[reduced.rank()];
    int j = 0;
    for (int d = 0; d < shape.rank(); d++) {
      if (!axes.contains(d)) {
        dims[j++] = d;
      }
    }
    return Tensor.apply(Movement.BROADCAST, List.of(reduced), Movement.shapeDims(shape, Dims.of(dims)));
  }

  private static Tensor extremeGradient(OpDef.Call c, Tensor g) {
    Dims axes = c.attributes().dims("axes");
    Tensor x = c.input(0);
    Tensor hit = x.equalTo(spread(c.output(0), axes, x.shape()));
    Tensor count = Tensor.apply(SUM, List.of(hit.cast(x.dtype())), c.attributes());
    Tensor share = spread(g.div(count), axes, x.shape());
    return hit.where(share, share.zerosLike());
  }

  private static Tensor productGradient(OpDef.Call c, Tensor g) {
    Dims axes = c.attributes().dims("axes");
    Tensor x = c.input(0);
    if (axes.rank() == 0) {
      return g;
    }
    int[] order = new int[x.rank()];
    int kept = 0;
    int moved = x.rank() - axes.rank();
    for (int d = 0; d < x.rank(); d++) {
      order[axes.contains(d) ? moved++ : kept++] = d;
    }
    Tensor front = x.permute(order);
    Dims keptShape = g.shape();
    long count = front.shape().slice(keptShape.rank(), x.rank()).product();
    Tensor rows = front.reshape(keptShape.append(Dims.of(count)));
    int last = keptShape.rank();
    Tensor before = Cumulative.apply(Cumulative.PRODUCT, rows, last, false, true);
    Tensor after = Cumulative.apply(Cumulative.PRODUCT, rows, last, true, true);
    Tensor others = before.mul(after).reshape(front.shape());
    long[] permutation = Arrays.stream(order).asLongStream().toArray();
    return others.permute(Movement.inverse(Dims.of(permutation))).mul(spread(g, axes, x.shape()));
  }
}
