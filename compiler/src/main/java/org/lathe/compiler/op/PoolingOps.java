package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Pooling;

/**
 * Two-dimensional pooling of [batch, channels, height, width] and its gradients. Padding never counts as a maximum;
 * {@link Pooling} says what empty windows, ties and NaN give.
 *
 * <p>Attributes: {@code window}, {@code stride}, {@code padLow}, {@code padHigh} (each [y, x]); means have {@code
 * countPadding} too.
 */
public final class PoolingOps {
  private PoolingOps() {}

  /**
   * How the window moves; each pair is [y, x].
   *
   * @param countPadding whether a mean divides by the whole window, or by the number of elements inside of the data
   */
  public record Options(Dims window, Dims stride, Dims padLow, Dims padHigh, boolean countPadding) {
    /** A square window that moves by its own size. */
    public static Options of(long window) {
      return of(window, window, 0);
    }

    public static Options of(long window, long stride, long pad) {
      return new Options(
          Dims.of(window, window), Dims.of(stride, stride), Dims.of(pad, pad), Dims.of(pad, pad), false);
    }

    public Options withCountPadding(boolean count) {
      return new Options(window, stride, padLow, padHigh, count);
    }

    Attributes attributes(boolean mean) {
      Attributes a = Attributes.of("window", window, "stride", stride).with("padLow", padLow).with("padHigh", padHigh);
      return mean ? a.with("countPadding", countPadding) : a;
    }
  }

  /** (data) -> the maximum of each window. */
  public static final OpDef MAX_POOL = define("maxPool", 1)
      .type((in, a) -> in.getFirst().withShape(resultShape("maxPool", in.getFirst(), a)))
      .reference(
          (in, a, out) -> Loops.fill(
              out,
              (r, at) -> {
                int best = first(in.getFirst(), a, r);
                return best < 0 ? Double.NEGATIVE_INFINITY : in.getFirst().get(best);
              }))
      .vjp((c, g) -> Arrays.asList(apply("gradient", c.input(0), g, c.attributes())))
      .lowering(lowering(Pooling.Kind.MAX, Pooling.Form.FORWARD))
      .tolerance(Tolerance.EXACT)
      .sample("f32[2,3,6,8]", Options.of(2).attributes(false))
      .sample("f32[1,2,7,13]", Options.of(3, 2, 1).attributes(false))
      .sample("f32[1,1,5,5]", Options.of(5).attributes(false))
      .sample("f32[1,1,3,5]", Options.of(1, 2, 0).attributes(false))
      .sample("f32[0,1,4,4]", Options.of(2).attributes(false))
      .sample("f64[1,3,5,4]", Options.of(3, 1, 1).attributes(false))
      .build();

  /** (data, gradient of the result) -> gradient of the data: each window's to its first maximum. */
  public static final OpDef MAX_POOL_GRADIENT = define("maxPoolGradient", 2)
      .type(
          (in, a) -> {
            Types.sameDtype("maxPoolGradient", in.get(0), in.get(1));
            Types.shape(
                "maxPoolGradient", "result's gradient", in.get(1), resultShape("maxPoolGradient", in.get(0), a));
            return in.getFirst();
          })
      .reference(
          (in, a, out) -> {
            double[] sum = new double[Math.toIntExact(out.size())];
            Loops.each(
                in.get(1).type().shape(),
                (r, at) -> {
                  int best = first(in.getFirst(), a, r);
                  if (best >= 0) {
                    sum[best] += in.get(1).get(at);
                  }
                });
            return Literal.adopt(out, sum);
          })
      .vjp((c, u) -> Arrays.asList(null, apply("pick", c.input(0), u, c.attributes())))
      .lowering(lowering(Pooling.Kind.MAX, Pooling.Form.GRADIENT))
      .sample("f32[2,3,6,8] f32[2,3,3,4]", Options.of(2).attributes(false))
      .sample("f32[1,2,7,13] f32[1,2,4,7]", Options.of(3, 2, 1).attributes(false))
      .sample("f64[1,3,5,4] f64[1,3,5,4]", Options.of(3, 1, 1).attributes(false))
      .build();

  /** (data, other of the data's shape) -> for each window, {@code other} where the data has its first maximum. */
  public static final OpDef MAX_POOL_PICK = define("maxPoolPick", 2)
      .type(
          (in, a) -> {
            Types.sameType("maxPoolPick", in.get(0), in.get(1));
            return in.getFirst().withShape(resultShape("maxPoolPick", in.getFirst(), a));
          })
      .reference(
          (in, a, out) -> Loops.fill(
              out,
              (r, at) -> {
                int best = first(in.getFirst(), a, r);
                return best < 0 ? 0 : in.get(1).get(best);
              }))
      .vjp((c, g) -> Arrays.asList(null, apply("gradient", c.input(0), g, c.attributes())))
      .lowering(lowering(Pooling.Kind.MAX, Pooling.Form.PICK))
      .tolerance(Tolerance.EXACT)
      .sample("f32[2,3,6,8] f32[2,3,6,8]", Options.of(2).attributes(false))
      .sample("f32[1,2,7,13] f32[1,2,7,13]", Options.of(3, 2, 1).attributes(false))
      .build();

  /** (data) -> the mean of each window. */
  public static final OpDef MEAN_POOL = define("meanPool", 1)
      .type((in, a) -> in.getFirst().withShape(resultShape("meanPool", in.getFirst(), a)))
      .reference(
          (in, a, out) -> {
            double[] sum = new double[Math.toIntExact(out.size())];
            means(in.getFirst().type().shape(), out.shape(), a, (d, r, w) -> sum[r] += in.getFirst().get(d) * w);
            return Literal.adopt(out, sum);
          })
      .vjp((c, g) -> Arrays.asList(meanGradient(g, c.attributes(), c.input(0).shape())))
      .lowering(lowering(Pooling.Kind.MEAN, Pooling.Form.FORWARD))
      .tolerance(Tolerance.ACCUMULATION)
      .sample("f32[2,3,6,8]", Options.of(2).attributes(true))
      .sample("f32[1,2,7,13]", Options.of(3, 2, 1).attributes(true))
      .sample("f32[1,2,7,13]", Options.of(3, 2, 1).withCountPadding(true).attributes(true))
      .sample("f64[1,1,7,5]", Options.of(5, 1, 0).attributes(true))
      .build();

  /** (gradient of the result) -> gradient of the data, of attribute {@code shape}. */
  public static final OpDef MEAN_POOL_GRADIENT = define("meanPoolGradient", 1)
      .type(
          (in, a) -> {
            TensorType data = in.getFirst().withShape(a.dims("shape"));
            Types.shape(
                "meanPoolGradient", "result's gradient", in.getFirst(), resultShape("meanPoolGradient", data, a));
            return data;
          })
      .reference(
          (in, a, out) -> {
            double[] sum = new double[Math.toIntExact(out.size())];
            means(out.shape(), in.getFirst().type().shape(), a, (d, r, w) -> sum[d] += in.getFirst().get(r) * w);
            return Literal.adopt(out, sum);
          })
      .vjp((c, u) -> Arrays.asList(Tensor.apply(MEAN_POOL, List.of(u), plain(c.attributes(), true))))
      .lowering(lowering(Pooling.Kind.MEAN, Pooling.Form.GRADIENT))
      .tolerance(Tolerance.ACCUMULATION)
      .sample("f32[2,3,3,4]", Options.of(2).attributes(true).with("shape", Dims.of(2, 3, 6, 8)))
      .sample("f32[1,2,4,7]", Options.of(3, 2, 1).attributes(true).with("shape", Dims.of(1, 2, 7, 13)))
      .sample(
          "f64[1,2,4,7]",
          Options.of(3, 2, 1).withCountPadding(true).attributes(true).with("shape", Dims.of(1, 2, 7, 13)))
      .build();

  static final List<OpDef> ALL = List.of(MAX_POOL, MAX_POOL_GRADIENT, MAX_POOL_PICK, MEAN_POOL, MEAN_POOL_GRADIENT);

  private static Attributes plain(Attributes a, boolean mean) {
    return new Options(
        a.dims("window"), a.dims("stride"), a.dims("padLow"), a.dims("padHigh"), mean && a.flag("countPadding"))
        .attributes(mean);
  }

  private static Tensor apply(String what, Tensor data, Tensor other, Attributes a) {
    return Tensor.apply(what.equals("pick") ? MAX_POOL_PICK : MAX_POOL_GRADIENT, List.of(data, other), plain(a, false));
  }

  private static Tensor meanGradient(Tensor g, Attributes a, Dims shape) {
    return Tensor.apply(MEAN_POOL_GRADIENT, List.of(g), plain(a, true).with("shape", shape));
  }

  private static Builder define(String name, int operands) {
    return new Builder(name, operands);
  }

  /** Adds the checks that all pooling ops share to a definition. */
  private record Builder(String name, int operands) {
    OpDefBuilder type(OpDefBuilder.SingleType rule) {
      return OpDef.named(name)
          .type(
              (in, a) -> {
                Types.count(name, in, operands);
                Types.elements(name, in.getFirst(), Elements.FLOATING);
                Types.rank(name, "operand", in.getFirst(), 4);
                return rule.infer(in, a);
              });
    }
  }

  private static Dims resultShape(String op, TensorType data, Attributes a) {
    long[] out = {data.dim(0), data.dim(1), 0, 0};
    for (int d = 0; d < 2; d++) {
      long room = data.dim(2 + d) + a.dims("padLow").get(d) + a.dims("padHigh").get(d);
      long window = a.dims("window").get(d);
      Types.that(
          window > 0 && window <= room && a.dims("stride").get(d) > 0 && a.dims("padLow").get(d) >= 0,
          op,
          "window " + a.dims("window") + " by stride " + a.dims("stride") + " does not fit " + data.shape()
              + " padded by "
              + a.dims("padLow") + " and " + a.dims("padHigh"));
      out[2 + d] = (room - window) / a.dims("stride").get(d) + 1;
    }
    return Dims.of(out);
  }

  private static Lowering lowering(Pooling.Kind kind, Pooling.Form form) {
    return Lowering.Fusable.dense(
        (types, views, a, output, epilogue) -> {
          Dims first = types.getFirst().shape();
          Dims out = output.shape();
          boolean meanGradient = kind == Pooling.Kind.MEAN && form == Pooling.Form.GRADIENT;
          Dims data = meanGradient ? out : first;
          Dims result = meanGradient ? first : form == Pooling.Form.GRADIENT ? types.get(1).shape() : out;
          return new Pooling(
              kind,
              form,
              types.getFirst().dtype(),
              data.get(0),
              data.get(1),
              data.get(2),
              data.get(3),
              result.get(2),
              result.get(3),
              a.dims("window").get(0),
              a.dims("window").get(1),
              a.dims("stride").get(0),
              a.dims("stride").get(1),
              a.dims("padLow").get(0),
              a.dims("padLow").get(1),
              kind == Pooling.Kind.MEAN && a.flag("countPadding"),
              epilogue);
        });
  }

  /** The position of the first maximum in the window of result position {@code r}; -1 if nothing is inside. */
  private static int first(Literal data, Attributes a, long[] r) {
    Dims shape = data.type().shape();
    int best = -1;
    for (long i = 0; i < a.dims("window").get(0); i++) {
      for (long j = 0; j < a.dims("window").get(1); j++) {
        long y = r[2] * a.dims("stride").get(0) + i - a.dims("padLow").get(0);
        long x = r[3] * a.dims("stride").get(1) + j - a.dims("padLow").get(1);
        if (y >= 0 && y < shape.get(2) && x >= 0 && x < shape.get(3)) {
          int at = Loops.flat(shape, r[0], r[1], y, x);
          double v = data.get(at);
          if (best < 0 || (!Double.isNaN(data.get(best)) && (Double.isNaN(v) || v > data.get(best)))) {
            best = at;
          }
        }
      }
    }
    return best;
  }

  private interface Weighted {
    void at(int data, int result, double weight);
  }

  private static void means(Dims data, Dims result, Attributes a, Weighted each) {
    long height = a.dims("window").get(0);
    long width = a.dims("window").get(1);
    Loops.each(
        result,
        (r, at) -> {
          long top = r[2] * a.dims("stride").get(0) - a.dims("padLow").get(0);
          long left = r[3] * a.dims("stride").get(1) - a.dims("padLow").get(1);
          long y0 = Math.max(0, top);
          long y1 = Math.min(data.get(2), top + height);
          long x0 = Math.max(0, left);
          long x1 = Math.min(data.get(3), left + width);
          double count = a.flag("countPadding") ? height * width : (double) (y1 - y0) * (x1 - x0);
          for (long y = y0; y < y1; y++) {
            for (long x = x0; x < x1; x++) {
              each.at(Loops.flat(data, r[0], r[1], y, x), at, 1 / count);
            }
          }
        });
  }
}
