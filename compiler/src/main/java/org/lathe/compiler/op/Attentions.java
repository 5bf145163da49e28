package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.View;

/**
 * Scaled dot-product attention (Vaswani et al. 2017): {@link Attention} says what it computes.
 *
 * <p>Operands: query [batch, heads, queries, width], key [batch, heads, keys, width], value [batch, heads, keys,
 * valueWidth], and for the biased forms a bias [batch, heads, queries, keys] that is added to the scaled scores (-inf
 * hides a key). Attributes: {@code causal}, {@code scale}. Outputs: the result [batch, heads, queries, valueWidth] and the
 * log of the sum of exp(scores) [batch, heads, queries].
 */
public final class Attentions {
  private Attentions() {}

  /** (query, key, value) -> result, log-sum. */
  public static final OpDef ATTENTION = forward("attention", false);

  /** (query, key, value, bias) -> result, log-sum. */
  public static final OpDef BIASED_ATTENTION = forward("biasedAttention", true);

  /** (query, key, value, result, log-sum, gradient of the result) -> gradients of query, key and value. */
  public static final OpDef ATTENTION_GRADIENT = backward("attentionGradient", false);

  /** (query, key, value, bias, result, log-sum, gradient of the result) -> gradients of query, key and value. */
  public static final OpDef BIASED_ATTENTION_GRADIENT = backward("biasedAttentionGradient", true);

  static final List<OpDef> ALL = List.of(ATTENTION, BIASED_ATTENTION, ATTENTION_GRADIENT, BIASED_ATTENTION_GRADIENT);

  /** Attention by 1 / sqrt(width); {@code bias} may be null, and broadcasts to [batch, heads, queries, keys]. */
  public static Tensor attention(Tensor query, Tensor key, Tensor value, @Nullable Tensor bias, boolean causal) {
    Attributes a = attributes(causal, 1 / Math.sqrt(query.dim(-1)));
    if (bias == null) {
      return Tensor.applyAll(ATTENTION, List.of(query, key, value), a).getFirst();
    }
    Tensor full = bias.broadcastTo(query.dim(0), query.dim(1), query.dim(2), key.dim(2));
    return Tensor.applyAll(BIASED_ATTENTION, List.of(query, key, value, full), a).getFirst();
  }

  private static Attributes attributes(boolean causal, double scale) {
    return Attributes.of("causal", causal, "scale", scale);
  }

  private static OpDef forward(String name, boolean biased) {
    OpDefBuilder b = OpDef.named(name)
        .types(
            (in, a) -> {
              Types.count(name, in, biased ? 4 : 3);
              TensorType out = check(name, in, biased, a);
              return List.of(out, out.withShape(out.shape().remove(3)));
            })
        .references((in, a) -> attend(in, biased, a))
        .gradient((c, g) -> gradient(c, g, biased))
        .lowering(
            new Lowering.Whole(
                (types, views, a, outputs) -> spec(Attention.Form.FORWARD, types, views, a, biased),
                biased ? List.of(0, 1, 2, 3) : List.of(0, 1, 2)))
        .decompositions(
            (in, a) -> {
              Tensor scores = scores(in, a, biased);
              Tensor max = scores.max(-1).stopGradient();
              Tensor base = max.isFinite().where(max, max.zerosLike());
              Tensor e = scores.sub(base.expandDims(-1)).exp();
              Tensor sum = e.sum(-1);
              Tensor blind = sum.equalTo(0);
              Tensor divisor = blind.where(sum.like(1), sum);
              Tensor logSum = blind.where(sum.like(Double.NEGATIVE_INFINITY), divisor.log().add(base));
              return List.of(e.div(divisor.expandDims(-1)).matmul(in.get(2)), logSum);
            })
        .tolerance(new Tolerance(1e-5, 1e-5));
    for (Size s : Size.SAMPLES) {
      b.sample(s.forward(biased), attributes(s.causal, s.scale));
    }
    return b.build();
  }

  private static OpDef backward(String name, boolean biased) {
    OpDefBuilder b = OpDef.named(name)
        .types(
            (in, a) -> {
              int first = biased ? 4 : 3;
              Types.count(name, in, first + 3);
              TensorType out = check(name, in, biased, a);
              in.forEach(t -> Types.sameDtype(name, out, t));
              Types.shape(name, "result", in.get(first), out.shape());
              Types.shape(name, "log-sum", in.get(first + 1), out.shape().remove(3));
              Types.shape(name, "gradient of the result", in.get(first + 2), out.shape());
              return in.subList(0, 3);
            })
        .references((in, a) -> attendBackward(in, biased, a))
        .lowering(
            new Lowering.Whole(
                (types, views, a, outputs) -> spec(Attention.Form.BACKWARD, types, views, a, biased),
                biased ? List.of(3) : List.of()))
        .decompositions((in, a) -> decomposeBackward(in, a, biased))
        .tolerance(new Tolerance(1e-5, 1e-5));
    for (Size s : Size.SAMPLES) {
      Domain[] domains = new Domain[biased ? 7 : 6];
      Arrays.fill(domains, Domain.REAL);
      domains[domains.length - 2] = new Domain(2, 3);
      b.sample(s.backward(biased), attributes(s.causal, s.scale), domains);
    }
    return b.build();
  }

  private record Size(
      String dtype, long batch, long heads, long queries, long keys, long width, long valueWidth, boolean causal,
      double scale) {
    static final List<Size> SAMPLES = List.of(
        new Size("f32", 2, 3, 5, 7, 4, 6, false, 0.5),
        new Size("f32", 1, 2, 13, 13, 3, 3, true, 0.6),
        new Size("f32", 1, 1, 3, 5, 2, 1, true, 0.7),
        new Size("f32", 1, 1, 5, 3, 2, 2, true, 0.7),
        new Size("f32", 1, 1, 1, 1, 1, 1, false, 1),
        new Size("f32", 0, 2, 3, 3, 4, 4, false, 1),
        new Size("f32", 1, 1, 33, 17, 5, 7, false, 0.4),
        new Size("f64", 2, 1, 4, 4, 3, 2, true, 0.5));

    private String type(long... shape) {
      return dtype + Dims.of(shape) + " ";
    }

    String forward(boolean biased) {
      String types = type(batch, heads, queries, width) + type(batch, heads, keys, width)
          + type(batch, heads, keys, valueWidth);
      return biased ? types + type(batch, heads, queries, keys) : types;
    }

    String backward(boolean biased) {
      String out = type(batch, heads, queries, valueWidth);
      return forward(biased) + out + type(batch, heads, queries) + out;
    }
  }

  /** The type of the result. */
  private static TensorType check(String op, List<TensorType> in, boolean biased, Attributes a) {
    a.flag("causal");
    a.real("scale");
    TensorType q = Types.rank(op, "query", Types.elements(op, in.get(0), Elements.WIDE_FLOATING), 4);
    TensorType k = Types.rank(op, "key", in.get(1), 4);
    TensorType v = Types.rank(op, "value", in.get(2), 4);
    Types.sameDtype(op, q, k);
    Types.sameDtype(op, q, v);
    Types.shape(op, "key", k, q.shape().with(2, k.dim(2)));
    Types.shape(op, "value", v, k.shape().with(3, v.dim(3)));
    if (biased) {
      Types.sameDtype(op, q, in.get(3));
      Types.shape(op, "bias", in.get(3), q.shape().with(3, k.dim(2)));
    }
    return q.withShape(q.shape().with(3, v.dim(3)));
  }

  private static Attention spec(
      Attention.Form form, List<TensorType> types, List<View> views, Attributes a, boolean biased) {
    TensorType q = types.get(0);
    TensorType v = types.get(2);
    Dims out = q.shape().with(3, v.dim(3));
    return new Attention(
        form,
        q.dim(0),
        q.dim(1),
        q.dim(2),
        v.dim(2),
        q.dim(3),
        v.dim(3),
        a.flag("causal"),
        a.real("scale"),
        views.get(0),
        views.get(1),
        views.get(2),
        biased ? views.get(3) : null,
        View.dense(q.dtype(), out));
  }

  private static List<@Nullable Tensor> gradient(OpDef.Call c, List<@Nullable Tensor> g, boolean biased) {
    Tensor forOut = g.get(0);
    if (forOut == null || g.get(1) != null || (biased && c.wants(3))) {
      return Gradients.ofDecomposition(c, g);
    }
    List<Tensor> in = new ArrayList<>(c.inputs());
    in.addAll(c.outputs());
    in.add(forOut);
    OpDef op = biased ? BIASED_ATTENTION_GRADIENT : ATTENTION_GRADIENT;
    List<@Nullable Tensor> out = new ArrayList<>(Tensor.applyAll(op, in, c.attributes()));
    if (biased) {
      out.add(null);
    }
    return out;
  }

  /** The scores, -inf where they are hidden. */
  private static Tensor scores(List<Tensor> in, Attributes a, boolean biased) {
    Tensor s = in.get(0).matmul(in.get(1).transpose()).mul(a.real("scale"));
    if (biased) {
      s = s.add(in.get(3));
    }
    if (a.flag("causal")) {
      Tensor query = Tensor.iota(s.builder(), DType.I32, s.shape(), 2);
      Tensor key = Tensor.iota(s.builder(), DType.I32, s.shape(), 3);
      Tensor seen = key.lessEqual(query.add(s.dim(3) - s.dim(2)));
      s = seen.where(s, s.like(Double.NEGATIVE_INFINITY));
    }
    return s;
  }

  private static List<Tensor> decomposeBackward(List<Tensor> in, Attributes a, boolean biased) {
    int first = biased ? 4 : 3;
    Tensor logSum = in.get(first + 1);
    Tensor g = in.get(first + 2);
    Tensor base = logSum.isFinite().where(logSum, logSum.zerosLike());
    Tensor p = scores(in, a, biased).sub(base.expandDims(-1)).exp();
    Tensor along = g.mul(in.get(first)).sum(-1).expandDims(-1);
    Tensor forScores = p.mul(g.matmul(in.get(2).transpose()).sub(along)).mul(a.real("scale"));
    return List.of(
        forScores.matmul(in.get(1)), forScores.transpose().matmul(in.get(0)), p.transpose().matmul(g));
  }

  /** Of query i (a flat position over [batch, heads, queries]): its scores, -inf where hidden. */
  private static double[] scores(List<Literal> in, boolean biased, Attributes a, int i) {
    Dims q = in.get(0).type().shape();
    int queries = (int) q.get(2);
    int width = (int) q.get(3);
    int keys = (int) in.get(1).type().dim(2);
    int head = i / queries;
    double[] s = new double[keys];
    for (int j = 0; j < keys; j++) {
      for (int d = 0; d < width; d++) {
        s[j] += in.get(0).get(i * width + d) * in.get(1).get((head * keys + j) * width + d);
      }
      s[j] = s[j] * a.real("scale") + (biased ? in.get(3).get(i * keys + j) : 0);
      if (a.flag("causal") && j > i % queries + keys - queries) {
        s[j] = Double.NEGATIVE_INFINITY;
      }
    }
    return s;
  }

  private static List<Literal> attend(List<Literal> in, boolean biased, Attributes a) {
    TensorType q = in.get(0).type();
    TensorType v = in.get(2).type();
    int rows = Math.toIntExact(q.shape().slice(0, 3).product());
    int queries = (int) q.dim(2);
    int keys = (int) v.dim(2);
    int width = (int) v.dim(3);
    double[] out = new double[rows * width];
    double[] logSum = new double[rows];
    for (int i = 0; i < rows; i++) {
      double[] s = scores(in, biased, a, i);
      double max = Arrays.stream(s).reduce(Double.NEGATIVE_INFINITY, Math::max);
      if (max == Double.NEGATIVE_INFINITY) {
        logSum[i] = max;
        continue;
      }
      double sum = Arrays.stream(s).map(x -> Math.exp(x - max)).sum();
      logSum[i] = max + Math.log(sum);
      for (int j = 0; j < keys; j++) {
        double p = Math.exp(s[j] - max) / sum;
        for (int d = 0; d < width; d++) {
          out[i * width + d] += p * in.get(2).get((i / queries * keys + j) * width + d);
        }
      }
    }
    Dims shape = q.shape().with(3, width);
    return List.of(Literal.adopt(q.withShape(shape), out), Literal.adopt(q.withShape(shape.remove(3)), logSum));
  }

  private static List<Literal> attendBackward(List<Literal> in, boolean biased, Attributes a) {
    int first = biased ? 4 : 3;
    TensorType q = in.get(0).type();
    int rows = Math.toIntExact(q.shape().slice(0, 3).product());
    int queries = (int) q.dim(2);
    int width = (int) q.dim(3);
    int keys = (int) in.get(2).type().dim(2);
    int valueWidth = (int) in.get(2).type().dim(3);
    double[] forQuery = new double[rows * width];
    double[] forKey = new double[Math.toIntExact(in.get(1).type().size())];
    double[] forValue = new double[Math.toIntExact(in.get(2).type().size())];
    Literal g = in.get(first + 2);
    for (int i = 0; i < rows; i++) {
      double[] s = scores(in, biased, a, i);
      double logSum = in.get(first + 1).get(i);
      double along = 0;
      for (int d = 0; d < valueWidth; d++) {
        along += g.get(i * valueWidth + d) * in.get(first).get(i * valueWidth + d);
      }
      for (int j = 0; j < keys; j++) {
        double p = s[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(s[j] - logSum);
        int key = i / queries * keys + j;
        double forP = 0;
        for (int d = 0; d < valueWidth; d++) {
          forP += g.get(i * valueWidth + d) * in.get(2).get(key * valueWidth + d);
          forValue[key * valueWidth + d] += p * g.get(i * valueWidth + d);
        }
        double forScore = p * (forP - along) * a.real("scale");
        for (int d = 0; d < width; d++) {
          forQuery[i * width + d] += forScore * in.get(1).get(key * width + d);
          forKey[key * width + d] += forScore * in.get(0).get(i * width + d);
        }
      }
    }
    return List.of(
        Literal.adopt(q, forQuery),
        Literal.adopt(in.get(1).type(), forKey),
        Literal.adopt(in.get(2).type(), forValue));
  }
}
