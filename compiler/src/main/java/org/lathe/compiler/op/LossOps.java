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

/** Losses: composites that give one value for each example or element. Callers take the mean. */
public final class LossOps {
  private LossOps() {}

  /**
   * (logits [.., classes], labels i32 or i64 [..]) -> [..]: log of the sum of exp(logits), less the label's logit. A label
   * outside of the classes picks nothing.
   */
  public static final OpDef SOFTMAX_CROSS_ENTROPY = OpDef.named("softmaxCrossEntropy")
      .type(
          (in, a) -> {
            String op = "softmaxCrossEntropy";
            Types.count(op, in, 2);
            TensorType logits = Types.elements(op, in.get(0), Elements.FLOATING);
            Types.that(logits.rank() > 0, op, "logits " + logits + " must be [.., classes]");
            TensorType labels = Types.elements(op, in.get(1), Elements.WIDE_INTEGER);
            Types.shape(op, "labels", labels, logits.shape().slice(0, logits.rank() - 1));
            return logits.withShape(labels.shape());
          })
      .reference(
          (in, a, out) -> {
            double[] loss = new double[Math.toIntExact(out.size())];
            eachRow(
                in.get(0),
                (p, row, logSum) -> {
                  double label = in.get(1).get(row);
                  loss[row] = logSum - (label >= 0 && label < p.length ? in.get(0).get(p[(int) label]) : 0);
                });
            return Literal.adopt(out, loss);
          })
      .vjp(
          (c, g) -> {
            Tensor logits = c.input(0);
            Tensor excess = logits.softmax(-1).sub(c.input(1).oneHot(logits.dim(-1), logits.dtype()));
            return Arrays.asList(excess.mul(g.expandDims(-1)), null);
          })
      .decomposition(
          (in, a) -> {
            Tensor logits = in.get(0);
            Tensor hit = in.get(1).oneHot(logits.dim(-1), DType.BOOL);
            return logits.logSumExp(-1).sub(hit.where(logits, logits.zerosLike()).sum(-1));
          })
      .tolerance(Tolerance.TRANSCENDENTAL)
      .sample("f32[13,10] i32[13]", Attributes.NONE, Domain.REAL, new Domain(0, 9))
      .sample("f32[3,207] i64[3]", Attributes.NONE, new Domain(-20, 20), new Domain(0, 206))
      .sample("f32[2,3,5] i32[2,3]", Attributes.NONE, Domain.REAL, new Domain(-1, 5))
      .sample("f64[3,1] i32[3]", Attributes.NONE, Domain.REAL, new Domain(0, 0))
      .sample("f32[0,3] i32[0]", Attributes.NONE)
      .build();

  /** (logits [.., classes], probabilities of the same shape) -> [..]: -sum of p * logits.logSoftmax(-1). */
  public static final OpDef SOFTMAX_CROSS_ENTROPY_OF_PROBABILITIES = OpDef.named("softmaxCrossEntropyOfProbabilities")
      .type(
          (in, a) -> {
            String op = "softmaxCrossEntropyOfProbabilities";
            TensorType t = pair(op, in);
            Types.that(t.rank() > 0, op, "logits " + t + " must be [.., classes]");
            return t.withShape(t.shape().remove(t.rank() - 1));
          })
      .reference(
          (in, a, out) -> {
            double[] loss = new double[Math.toIntExact(out.size())];
            eachRow(
                in.get(0),
                (p, row, logSum) -> {
                  for (int at : p) {
                    loss[row] += in.get(1).get(at) * (logSum - in.get(0).get(at));
                  }
                });
            return Literal.adopt(out, loss);
          })
      .vjp(
          (c, g) -> {
            Tensor logits = c.input(0);
            Tensor p = c.input(1);
            Tensor each = g.expandDims(-1);
            Tensor total = p.keepAxes(p.sum(-1), -1);
            return Arrays.asList(
                c.wants(0) ? logits.softmax(-1).mul(total).sub(p).mul(each) : null,
                c.wants(1) ? logits.logSoftmax(-1).mul(each).neg() : null);
          })
      .decomposition((in, a) -> in.get(0).logSoftmax(-1).mul(in.get(1)).sum(-1).neg())
      .tolerance(Tolerance.TRANSCENDENTAL)
      .sample("f32[13,10] f32[13,10]", Attributes.NONE, Domain.REAL, Domain.UNIT)
      .sample("f64[2,3,5] f64[2,3,5]", Attributes.NONE, Domain.REAL, Domain.UNIT)
      .build();

  /** (logits, targets in 0..1) -> elementwise: the cross-entropy of the target with sigmoid(logit), without overflow. */
  public static final OpDef SIGMOID_CROSS_ENTROPY = elementwise(
      "sigmoidCrossEntropy",
      Attributes.NONE,
      (x, t, a) -> Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
      (x, t, a) -> x.maximum(0).sub(x.mul(t)).add(x.abs().neg().exp().log1p()),
      (c, g) -> Arrays.asList(
          c.wants(0) ? c.input(0).sigmoid().sub(c.input(1)).mul(g) : null,
          c.wants(1) ? c.input(0).mul(g).neg() : null),
      new Domain(-6, 6),
      Domain.UNIT);

  /** (a, b) -> (a - b)^2. */
  public static final OpDef SQUARED_ERROR = elementwise(
      "squaredError",
      Attributes.NONE,
      (x, t, a) -> (x - t) * (x - t),
      (x, t, a) -> x.sub(t).square(),
      (c, g) -> {
        Tensor slope = c.input(0).sub(c.input(1)).mul(2).mul(g);
        return Arrays.asList(slope, c.wants(1) ? slope.neg() : null);
      });

  /** (a, b) -> |a - b|. */
  public static final OpDef ABSOLUTE_ERROR = elementwise(
      "absoluteError",
      Attributes.NONE,
      (x, t, a) -> Math.abs(x - t),
      (x, t, a) -> x.sub(t).abs(),
      (c, g) -> {
        Tensor slope = c.input(0).sub(c.input(1)).sign().mul(g);
        return Arrays.asList(slope, c.wants(1) ? slope.neg() : null);
      });

  /** (a, b) -> with d = |a - b|: d^2 / 2 up to attribute {@code delta}, from there delta (d - delta / 2) (Huber 1964). */
  public static final OpDef HUBER = elementwise(
      "huber",
      Attributes.of("delta", 0.7),
      (x, t, a) -> {
        double d = Math.abs(x - t);
        double delta = a.real("delta");
        return d <= delta ? d * d / 2 : delta * (d - delta / 2);
      },
      (x, t, a) -> {
        Tensor d = x.sub(t).abs();
        double delta = a.real("delta");
        return d.lessEqual(delta).where(d.square().mul(0.5), d.sub(delta / 2).mul(delta));
      },
      (c, g) -> {
        double delta = c.attributes().real("delta");
        Tensor slope = c.input(0).sub(c.input(1)).clamp(-delta, delta).mul(g);
        return Arrays.asList(slope, c.wants(1) ? slope.neg() : null);
      });

  /** (scores, targets -1 or 1) -> max(0, 1 - score * target). */
  public static final OpDef HINGE = elementwise(
      "hinge",
      Attributes.NONE,
      (x, t, a) -> Math.max(0, 1 - x * t),
      (x, t, a) -> x.mul(t).subtractedFrom(1).maximum(0),
      (c, g) -> {
        Tensor x = c.input(0);
        Tensor t = c.input(1);
        Tensor inside = x.mul(t).less(1).where(g.neg(), g.zerosLike());
        return Arrays.asList(inside.mul(t), c.wants(1) ? inside.mul(x) : null);
      });

  static final List<OpDef> ALL = List.of(
      SOFTMAX_CROSS_ENTROPY,
      SOFTMAX_CROSS_ENTROPY_OF_PROBABILITIES,
      SIGMOID_CROSS_ENTROPY,
      SQUARED_ERROR,
      ABSOLUTE_ERROR,
      HUBER,
      HINGE);

  /** One loss for each label; see {@link #SOFTMAX_CROSS_ENTROPY}. */
  public static Tensor softmaxCrossEntropy(Tensor logits, Tensor labels) {
    return Tensor.apply(SOFTMAX_CROSS_ENTROPY, List.of(logits, labels), Attributes.NONE);
  }

  /** One loss for each row; see {@link #SOFTMAX_CROSS_ENTROPY_OF_PROBABILITIES}. */
  public static Tensor softmaxCrossEntropyOfProbabilities(Tensor logits, Tensor probabilities) {
    return Tensor.apply(SOFTMAX_CROSS_ENTROPY_OF_PROBABILITIES, List.of(logits, probabilities), Attributes.NONE);
  }

  /** One loss for each element; shapes are equal. */
  public static Tensor sigmoidCrossEntropy(Tensor logits, Tensor targets) {
    return Tensor.apply(SIGMOID_CROSS_ENTROPY, List.of(logits, targets), Attributes.NONE);
  }

  public static Tensor squaredError(Tensor a, Tensor b) {
    return Tensor.apply(SQUARED_ERROR, List.of(a, b), Attributes.NONE);
  }

  public static Tensor absoluteError(Tensor a, Tensor b) {
    return Tensor.apply(ABSOLUTE_ERROR, List.of(a, b), Attributes.NONE);
  }

  public static Tensor huber(Tensor a, Tensor b, double delta) {
    return Tensor.apply(HUBER, List.of(a, b), Attributes.of("delta", delta));
  }

  public static Tensor hinge(Tensor scores, Tensor targets) {
    return Tensor.apply(HINGE, List.of(scores, targets), Attributes.NONE);
  }

  private interface Value {
    double at(double x, double t, Attributes a);
  }

  private interface Formula {
    Tensor of(Tensor x, Tensor t, Attributes a);
  }

  private static OpDef elementwise(
      String name,
      Attributes attributes,
      Value value,
      Formula formula,
      OpDefBuilder.SingleGradient gradient,
      Domain... domains) {
    return OpDef.named(name)
        .type(
            (in, a) -> {
              attributes.asMap().keySet().forEach(a::real);
              return pair(name, in);
            })
        .reference((in, a, out) -> Loops.fill(out, (i, at) -> value.at(in.get(0).get(at), in.get(1).get(at), a)))
        .vjp(gradient)
        .decomposition((in, a) -> formula.of(in.get(0), in.get(1), a))
        .tolerance(Tolerance.TRANSCENDENTAL)
        .sample("f32[13] f32[13]", attributes, domains)
        .sample("f32[3,17] f32[3,17]", attributes, domains)
        .sample("f32[0] f32[0]", attributes, domains)
        .sample("f64[7,11] f64[7,11]", attributes, domains)
        .sample("bf16[5] bf16[5]", attributes, domains)
        .build();
  }

  private static TensorType pair(String op, List<TensorType> in) {
    Types.count(op, in, 2);
    Types.sameType(op, in.get(0), in.get(1));
    return Types.elements(op, in.get(0), Elements.FLOATING);
  }

  private interface LogSumRow {
    void at(int[] positions, int row, double logSum);
  }

  private static void eachRow(Literal logits, LogSumRow visitor) {
    Loops.rows(
        logits.type().shape(),
        logits.type().rank() - 1,
        (p, row) -> {
          double max = Arrays.stream(p).mapToDouble(logits::get).reduce(Double.NEGATIVE_INFINITY, Math::max);
          double base = Double.isInfinite(max) ? 0 : max;
          double sum = Arrays.stream(p).mapToDouble(at -> Math.exp(logits.get(at) - base)).sum();
          visitor.at(p, row, base + Math.log(sum));
        });
  }
}
