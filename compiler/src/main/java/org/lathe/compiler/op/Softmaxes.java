package org.lathe.compiler.op;

import java.util.Arrays;
import java.util.List;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;

/** Softmax and its relatives along one axis: composites. */
public final class Softmaxes {
  private Softmaxes() {}

  /** exp(x) over its sum along attribute {@code axis}. */
  public static final OpDef SOFTMAX = alongAxis("softmax")
      .reference(
          (in, a, out) -> rows(in.getFirst(), a, out, (x, y) -> {
            double max = Arrays.stream(x).reduce(Double.NEGATIVE_INFINITY, Math::max);
            double sum = Arrays.stream(x).map(v -> Math.exp(v - max)).sum();
            Arrays.setAll(y, i -> Math.exp(x[i] - max) / sum);
          }))
      .vjp(
          (c, g) -> {
            int axis = axis(c.attributes());
            Tensor weighted = g.mul(c.output(0));
            return Arrays.asList(
                weighted.sub(c.output(0).mul(weighted.keepAxes(weighted.sum(axis), axis))));
          })
      .decomposition(
          (in, a) -> {
            Tensor e = shifted(in.getFirst(), axis(a)).exp();
            return e.div(e.keepAxes(e.sum(axis(a)), axis(a)));
          })
      .build();

  /** x - log of the sum of exp(x) along attribute {@code axis}. */
  public static final OpDef LOG_SOFTMAX = alongAxis("logSoftmax")
      .reference(
          (in, a, out) -> rows(in.getFirst(), a, out, (x, y) -> {
            double max = Arrays.stream(x).reduce(Double.NEGATIVE_INFINITY, Math::max);
            double sum = Arrays.stream(x).map(v -> Math.exp(v - max)).sum();
            Arrays.setAll(y, i -> x[i] - max - Math.log(sum));
          }))
      .vjp(
          (c, g) -> {
            int axis = axis(c.attributes());
            return Arrays.asList(g.sub(c.output(0).exp().mul(g.keepAxes(g.sum(axis), axis))));
          })
      .decomposition(
          (in, a) -> {
            Tensor x = shifted(in.getFirst(), axis(a));
            return x.sub(x.keepAxes(x.exp().sum(axis(a)).log(), axis(a)));
          })
      .build();

  /** The logarithm of the sum of exp(x) along attribute {@code axis}, which goes away; -inf for an empty row. */
  public static final OpDef LOG_SUM_EXP = OpDef.named("logSumExp")
      .type(
          (in, a) -> {
            TensorType t = checkAxis("logSumExp", in, a);
            return t.withShape(t.shape().remove(axis(a)));
          })
      .reference(
          (in, a, out) -> {
            double[] y = new double[Math.toIntExact(out.size())];
            Loops.rows(
                in.getFirst().type().shape(),
                axis(a),
                (p, row) -> {
                  double max = Double.NEGATIVE_INFINITY;
                  for (int at : p) {
                    max = Math.max(max, in.getFirst().get(at));
                  }
                  double base = Double.isInfinite(max) ? 0 : max;
                  y[row] = base
                      + Math.log(Arrays.stream(p).mapToDouble(at -> Math.exp(in.getFirst().get(at) - base)).sum());
                });
            return Literal.adopt(out, y);
          })
      .vjp(
          (c, g) -> {
            Tensor x = c.input(0);
            int axis = axis(c.attributes());
            Tensor probabilities = x.sub(x.keepAxes(c.output(0), axis)).exp();
            return Arrays.asList(probabilities.mul(x.keepAxes(g, axis)));
          })
      .decomposition(
          (in, a) -> {
            Tensor x = in.getFirst();
            Tensor max = x.max(axis(a)).stopGradient();
            Tensor base = max.isFinite().where(max, max.zerosLike());
            return x.sub(x.keepAxes(base, axis(a))).exp().sum(axis(a)).log().add(base);
          })
      .tolerance(Tolerance.TRANSCENDENTAL)
      .sample("f32[3,13]", Attributes.of("axis", 1))
      .sample("f32[17,3]", Attributes.of("axis", 0))
      .sample("f32[3,0]", Attributes.of("axis", 1))
      .sample("f64[2,5,3]", Attributes.of("axis", 1))
      .sample("f32[1]", Attributes.of("axis", 0), new Domain(80, 90))
      .build();

  static final List<OpDef> ALL = List.of(SOFTMAX, LOG_SOFTMAX, LOG_SUM_EXP);

  private static int axis(Attributes a) {
    return (int) a.integer("axis");
  }

  private static TensorType checkAxis(String op, List<TensorType> in, Attributes a) {
    Types.count(op, in, 1);
    Types.axis(op, in.getFirst(), a.integer("axis"));
    return Types.elements(op, in.getFirst(), Elements.FLOATING);
  }

  private static OpDefBuilder alongAxis(String name) {
    return OpDef.named(name)
        .type((in, a) -> checkAxis(name, in, a))
        .tolerance(Tolerance.TRANSCENDENTAL)
        .sample("f32[3,13]", Attributes.of("axis", 1))
        .sample("f32[17,3]", Attributes.of("axis", 0))
        .sample("f32[7,207]", Attributes.of("axis", 1), new Domain(-30, 90))
        .sample("f32[0,3]", Attributes.of("axis", 1))
        .sample("f32[5,1]", Attributes.of("axis", 1))
        .sample("f64[2,5,3]", Attributes.of("axis", 1))
        .sample("f16[3,17]", Attributes.of("axis", 1))
        .sample("bf16[2,5]", Attributes.of("axis", 1));
  }

  private interface RowFunction {
    void apply(double[] x, double[] y);
  }

  private static Literal rows(Literal x, Attributes a, TensorType out, RowFunction f) {
    double[] result = new double[Math.toIntExact(out.size())];
    Loops.rows(
        out.shape(),
        axis(a),
        (p, row) -> {
          double[] y = new double[p.length];
          f.apply(Arrays.stream(p).mapToDouble(x::get).toArray(), y);
          for (int i = 0; i < p.length; i++) {
            result[p[i]] = y[i];
          }
        });
    return Literal.adopt(out, result);
  }

  private static Tensor shifted(Tensor x, int axis) {
    return x.sub(x.keepAxes(x.max(axis).stopGradient(), axis));
  }
}
