package org.lathe.compiler.op;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.OpDef.Domain;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Types.Elements;
import org.lathe.hal.Dims;

/** Normalisation over a layer, a batch or neighbouring channels: composites. */
public final class Normalisations {
  private Normalisations() {}

  /**
   * (x [.., n..], scale [n..], shift [n..]): x to mean 0 and variance 1 over the dimensions of {@code scale}, then scaled
   * and shifted (Ba et al. 2016). Attribute {@code epsilon} is added to the variance.
   */
  public static final OpDef LAYER_NORM = OpDef.named("layerNorm")
      .type((in, a) -> trailing("layerNorm", in, 3, a))
      .reference(
          (in, a, out) -> {
            int n = Math.toIntExact(in.get(1).type().size());
            double[] y = new double[Math.toIntExact(out.size())];
            for (int start = 0; start < y.length; start += n) {
              double mean = 0;
              double variance = 0;
              for (int i = 0; i < n; i++) {
                mean += in.get(0).get(start + i) / n;
              }
              for (int i = 0; i < n; i++) {
                variance += Math.pow(in.get(0).get(start + i) - mean, 2) / n;
              }
              for (int i = 0; i < n; i++) {
                double unit = (in.get(0).get(start + i) - mean) / Math.sqrt(variance + a.real("epsilon"));
                y[start + i] = unit * in.get(1).get(i) + in.get(2).get(i);
              }
            }
            return Literal.adopt(out, y);
          })
      .vjp(Normalisations::layerNormGradient)
      .decomposition(
          (in, a) -> {
            Tensor x = in.get(0);
            int[] axes = trailingAxes(x.type(), in.get(1).type());
            return Standard.of(x, axes, a.real("epsilon")).unit().mul(in.get(1)).add(in.get(2));
          })
      .tolerance(new Tolerance(1e-5, 1e-5))
      .sample("f32[3,13] f32[13] f32[13]", epsilon(1e-5))
      .sample("f32[2,3,17] f32[17] f32[17]", epsilon(1e-5))
      .sample("f32[5,3,4] f32[3,4] f32[3,4]", epsilon(1e-3))
      .sample("f32[7] f32[7] f32[7]", epsilon(1e-5))
      .sample("f32[0,5] f32[5] f32[5]", epsilon(1e-5))
      .sample("f32[3,1] f32[1] f32[1]", epsilon(1e-2))
      .sample("f64[5,11] f64[11] f64[11]", epsilon(1e-5))
      .build();

  /** (x [.., n..], scale [n..]): x over its root mean square, then scaled (Zhang and Sennrich 2019). */
  public static final OpDef RMS_NORM = OpDef.named("rmsNorm")
      .type((in, a) -> trailing("rmsNorm", in, 2, a))
      .reference(
          (in, a, out) -> {
            int n = Math.toIntExact(in.get(1).type().size());
            double[] y = new double[Math.toIntExact(out.size())];
            for (int start = 0; start < y.length; start += n) {
              double square = 0;
              for (int i = 0; i < n; i++) {
                square += Math.pow(in.get(0).get(start + i), 2) / n;
              }
              for (int i = 0; i < n; i++) {
                y[start + i] = in.get(0).get(start + i) / Math.sqrt(square + a.real("epsilon")) * in.get(1).get(i);
              }
            }
            return Literal.adopt(out, y);
          })
      .vjp(
          (c, g) -> {
            Tensor x = c.input(0);
            int[] axes = trailingAxes(x.type(), c.input(1).type());
            Tensor inverse = inverseRms(x, axes, c.attributes().real("epsilon"));
            Tensor unit = x.mul(inverse);
            Tensor scaled = g.mul(c.input(1));
            Tensor forX = scaled.sub(unit.mul(x.keepAxes(scaled.mul(unit).mean(axes), axes))).mul(inverse);
            return Arrays.asList(forX, c.wants(1) ? sumLeading(g.mul(unit), axes.length) : null);
          })
      .decomposition(
          (in, a) -> {
            Tensor x = in.get(0);
            return x.mul(inverseRms(x, trailingAxes(x.type(), in.get(1).type()), a.real("epsilon"))).mul(in.get(1));
          })
      .tolerance(new Tolerance(1e-5, 1e-5))
      .sample("f32[3,13] f32[13]", epsilon(1e-5))
      .sample("f32[2,3,5] f32[3,5]", epsilon(1e-5))
      .sample("f64[1,7] f64[7]", epsilon(1e-6))
      .build();

  /**
   * (x [batch, channels, ..], scale [channels], shift [channels]) -> y, and the mean and variance (over the count, not
   * the count less one) of each channel over batch and positions (Ioffe and Szegedy 2015).
   */
  public static final OpDef BATCH_NORM_TRAINING = OpDef.named("batchNormTraining")
      .types(
          (in, a) -> {
            TensorType channels = channels("batchNormTraining", in, 3, a);
            return List.of(in.getFirst(), channels, channels);
          })
      .references(Normalisations::batchNormReference)
      .gradient(Normalisations::batchNormGradient)
      .decompositions(
          (in, a) -> {
            Tensor x = in.get(0);
            Standard s = Standard.of(x, otherAxes(x.rank()), a.real("epsilon"));
            Dims channels = in.get(1).shape();
            Tensor y = s.unit().mul(alongChannels(in.get(1), x.rank())).add(alongChannels(in.get(2), x.rank()));
            return List.of(y, s.mean().reshape(channels), s.variance().reshape(channels));
          })
      .tolerance(new Tolerance(1e-5, 1e-5))
      .sample("f32[4,3,5,7] f32[3] f32[3]", epsilon(1e-5))
      .sample("f32[13,5] f32[5] f32[5]", epsilon(1e-5))
      .sample("f32[1,2,17] f32[2] f32[2]", epsilon(1e-3))
      .sample("f64[3,1,3,3] f64[1] f64[1]", epsilon(1e-5))
      .build();

  /** (x [batch, channels, ..], scale, shift, mean, variance, each [channels]) -> y. */
  public static final OpDef BATCH_NORM_INFERENCE = OpDef.named("batchNormInference")
      .type(
          (in, a) -> {
            channels("batchNormInference", in, 5, a);
            return in.getFirst();
          })
      .reference(
          (in, a, out) -> Loops.fill(
              out,
              (i, at) -> {
                double deviation = Math.sqrt(in.get(4).get(i[1]) + a.real("epsilon"));
                double unit = (in.get(0).get(at) - in.get(3).get(i[1])) / deviation;
                return unit * in.get(1).get(i[1]) + in.get(2).get(i[1]);
              }))
      .decomposition(
          (in, a) -> {
            int rank = in.getFirst().rank();
            Tensor factor = in.get(1).mul(in.get(4).add(a.real("epsilon")).rsqrt());
            Tensor centred = in.get(0).sub(alongChannels(in.get(3), rank));
            return centred.mul(alongChannels(factor, rank)).add(alongChannels(in.get(2), rank));
          })
      .tolerance(Tolerance.TRANSCENDENTAL)
      .sample(
          "f32[2,3,5,7] f32[3] f32[3] f32[3] f32[3]",
          epsilon(1e-5),
          Domain.REAL,
          Domain.REAL,
          Domain.REAL,
          Domain.REAL,
          Domain.POSITIVE)
      .sample(
          "f64[13,5] f64[5] f64[5] f64[5] f64[5]",
          epsilon(1e-5),
          Domain.REAL,
          Domain.REAL,
          Domain.REAL,
          Domain.REAL,
          Domain.POSITIVE)
      .build();

  /**
   * x [batch, channels, ..]: x / (k + alpha * sum of squares over {@code size} channels around)^beta, as in AlexNet
   * (Krizhevsky et al. 2012); attributes size, alpha, beta, k.
   */
  public static final OpDef LOCAL_RESPONSE_NORM = OpDef.named("localResponseNorm")
      .type(
          (in, a) -> {
            Types.count("localResponseNorm", in, 1);
            TensorType t = Types.elements("localResponseNorm", in.getFirst(), Elements.FLOATING);
            Types.that(t.rank() >= 2, "localResponseNorm", t + " must be [batch, channels, ..]");
            Types.that(a.integer("size") > 0, "localResponseNorm", "size " + a.integer("size") + " must be positive");
            return t;
          })
      .reference(
          (in, a, out) -> {
            long below = a.integer("size") / 2;
            long above = (a.integer("size") - 1) / 2;
            return Loops.fill(
                out,
                (i, at) -> {
                  double sum = 0;
                  for (long c = Math.max(0, i[1] - below); c <= Math.min(out.dim(1) - 1, i[1] + above); c++) {
                    long[] j = i.clone();
                    j[1] = c;
                    sum += Math.pow(in.getFirst().get(Loops.flat(out.shape(), j)), 2);
                  }
                  return in.getFirst().get(at) / Math.pow(a.real("k") + a.real("alpha") * sum, a.real("beta"));
                });
          })
      .decomposition(
          (in, a) -> {
            Tensor x = in.getFirst();
            long size = a.integer("size");
            Dims none = Dims.filled(x.rank(), 0);
            Tensor squares = x.square().pad(none.with(1, size / 2), none.with(1, (size - 1) / 2), 0);
            Tensor sum = squares.slice(1, 0, x.dim(1));
            for (long i = 1; i < size; i++) {
              sum = sum.add(squares.slice(1, i, i + x.dim(1)));
            }
            return x.mul(sum.mul(a.real("alpha")).add(a.real("k")).pow(-a.real("beta")));
          })
      .tolerance(new Tolerance(1e-5, 1e-5))
      .sample("f32[2,7,3,3]", localResponse(5, 1e-2, 0.75, 2))
      .sample("f32[1,3,5]", localResponse(2, 0.5, 0.5, 1))
      .sample("f64[2,3,2,2]", localResponse(1, 1, 1, 1))
      .build();

  static final List<OpDef> ALL = List.of(
      LAYER_NORM,
      RMS_NORM,
      BATCH_NORM_TRAINING,
      BATCH_NORM_INFERENCE,
      LOCAL_RESPONSE_NORM);

  /** A normalised input with its statistics. */
  public record BatchNorm(Tensor output, Tensor mean, Tensor variance) {}

  /** Normalises x [batch, channels, ..] by its own statistics. */
  public static BatchNorm batchNormTraining(Tensor x, Tensor scale, Tensor shift, double epsilon) {
    List<Tensor> out = Tensor.applyAll(BATCH_NORM_TRAINING, List.of(x, scale, shift), epsilon(epsilon));
    return new BatchNorm(out.get(0), out.get(1), out.get(2));
  }

  /** Normalises x [batch, channels, ..] by given statistics. */
  public static Tensor batchNormInference(
      Tensor x, Tensor scale, Tensor shift, Tensor mean, Tensor variance, double epsilon) {
    return Tensor.apply(BATCH_NORM_INFERENCE, List.of(x, scale, shift, mean, variance), epsilon(epsilon));
  }

  /** Normalises over the dimensions of {@code scale}, the last of x. */
  public static Tensor layerNorm(Tensor x, Tensor scale, Tensor shift, double epsilon) {
    return Tensor.apply(LAYER_NORM, List.of(x, scale, shift), epsilon(epsilon));
  }

  /** Divides by the root mean square over the dimensions of {@code scale}, the last of x. */
  public static Tensor rmsNorm(Tensor x, Tensor scale, double epsilon) {
    return Tensor.apply(RMS_NORM, List.of(x, scale), epsilon(epsilon));
  }

  /** Divides x [batch, channels, ..] by the activity of {@code size} channels around each. */
  public static Tensor localResponseNorm(Tensor x, long size, double alpha, double beta, double k) {
    return Tensor.apply(LOCAL_RESPONSE_NORM, List.of(x), localResponse(size, alpha, beta, k));
  }

  private static Attributes epsilon(double value) {
    return Attributes.of("epsilon", value);
  }

  private static Attributes localResponse(long size, double alpha, double beta, double k) {
    return Attributes.of("size", size, "alpha", alpha).with("beta", beta).with("k", k);
  }

  private static TensorType trailing(String op, List<TensorType> in, int operands, Attributes a) {
    Types.count(op, in, operands);
    a.real("epsilon");
    TensorType x = Types.elements(op, in.getFirst(), Elements.FLOATING);
    for (TensorType t : in.subList(1, operands)) {
      Types.sameDtype(op, x, t);
      Types.that(
          t.rank() > 0 && t.rank() <= x.rank() && x.shape().slice(x.rank() - t.rank(), x.rank()).equals(t.shape()),
          op,
          t + " must have the last dimensions of " + x);
      Types.sameType(op, in.get(1), t);
    }
    Types.that(in.get(1).size() > 0, op, "cannot normalise over " + in.get(1).shape());
    return x;
  }

  private static TensorType channels(String op, List<TensorType> in, int operands, Attributes a) {
    Types.count(op, in, operands);
    a.real("epsilon");
    TensorType x = Types.elements(op, in.getFirst(), Elements.FLOATING);
    Types.that(x.rank() >= 2, op, x + " must be [batch, channels, ..]");
    for (TensorType t : in.subList(1, operands)) {
      Types.sameDtype(op, x, t);
      Types.shape(op, "scale, shift and statistics:", t, Dims.of(x.dim(1)));
    }
    return in.get(1);
  }

  private static int[] trailingAxes(TensorType x, TensorType scale) {
    return IntStream.range(x.rank() - scale.rank(), x.rank()).toArray();
  }

  /** All but the channels' axis 1. */
  private static int[] otherAxes(int rank) {
    return IntStream.range(0, rank).filter(d -> d != 1).toArray();
  }

  /** [channels] as [1, channels, 1..]. */
  private static Tensor alongChannels(Tensor t, int rank) {
    return t.reshape(Dims.filled(rank, 1).with(1, t.dim(0)));
  }

  private static Tensor inverseRms(Tensor x, int[] axes, double epsilon) {
    return x.keepAxes(x.square().mean(axes).add(epsilon).rsqrt(), axes);
  }

  /** Sums all but the last {@code trailing} dimensions. */
  private static Tensor sumLeading(Tensor t, int trailing) {
    int leading = t.rank() - trailing;
    return leading == 0 ? t : t.sum(IntStream.range(0, leading).toArray());
  }

  /** x less its mean over axes, times one over its standard deviation; statistics keep the axes. */
  private record Standard(Tensor unit, Tensor mean, Tensor variance, Tensor inverse) {
    static Standard of(Tensor x, int[] axes, double epsilon) {
      Tensor mean = x.keepAxes(x.mean(axes), axes);
      Tensor centred = x.sub(mean);
      Tensor variance = x.keepAxes(centred.square().mean(axes), axes);
      Tensor inverse = variance.add(epsilon).rsqrt();
      return new Standard(centred.mul(inverse), mean, variance, inverse);
    }

    /** The gradient of x for the gradient {@code g} of {@code unit}. */
    Tensor gradient(Tensor g, int[] axes) {
      Tensor mean = g.keepAxes(g.mean(axes), axes);
      Tensor along = g.keepAxes(g.mul(unit).mean(axes), axes);
      return g.sub(mean).sub(unit.mul(along)).mul(inverse);
    }
  }

  private static List<@Nullable Tensor> layerNormGradient(OpDef.Call c, Tensor g) {
    Tensor x = c.input(0);
    int[] axes = trailingAxes(x.type(), c.input(1).type());
    Standard s = Standard.of(x, axes, c.attributes().real("epsilon"));
    return Arrays.asList(
        c.wants(0) ? s.gradient(g.mul(c.input(1)), axes) : null,
        c.wants(1) ? sumLeading(g.mul(s.unit()), axes.length) : null,
        c.wants(2) ? sumLeading(g, axes.length) : null);
  }

  private static List<@Nullable Tensor> batchNormGradient(OpDef.Call c, List<@Nullable Tensor> gradients) {
    Tensor x = c.input(0);
    int rank = x.rank();
    int[] axes = otherAxes(rank);
    Tensor mean = alongChannels(c.output(1), rank);
    Tensor variance = alongChannels(c.output(2), rank);
    Tensor inverse = variance.add(c.attributes().real("epsilon")).rsqrt();
    Tensor centred = x.sub(mean);
    double count = (double) x.type().size() / x.dim(1);
    List<Tensor> forX = new ArrayList<>();
    Tensor forScale = null;
    Tensor forShift = null;
    Tensor g = gradients.get(0);
    if (g != null) {
      Standard s = new Standard(centred.mul(inverse), mean, variance, inverse);
      if (c.wants(0)) {
        forX.add(s.gradient(g.mul(alongChannels(c.input(1), rank)), axes));
      }
      forScale = c.wants(1) ? g.mul(s.unit()).sum(axes) : null;
      forShift = c.wants(2) ? g.sum(axes) : null;
    }
    Tensor forMean = gradients.get(1);
    if (forMean != null && c.wants(0)) {
      forX.add(alongChannels(forMean, rank).mul(1 / count).broadcastTo(x.shape()));
    }
    Tensor forVariance = gradients.get(2);
    if (forVariance != null && c.wants(0)) {
      forX.add(centred.mul(alongChannels(forVariance, rank)).mul(2 / count));
    }
    return Arrays.asList(forX.stream().reduce(Tensor::add).orElse(null), forScale, forShift);
  }

  private static List<Literal> batchNormReference(List<Literal> in, Attributes a) {
    Literal x = in.get(0);
    Dims shape = x.type().shape();
    int channels = Math.toIntExact(shape.get(1));
    double count = (double) shape.product() / channels;
    double[] mean = new double[channels];
    double[] variance = new double[channels];
    Loops.each(shape, (i, at) -> mean[(int) i[1]] += x.get(at) / count);
    Loops.each(shape, (i, at) -> variance[(int) i[1]] += Math.pow(x.get(at) - mean[(int) i[1]], 2) / count);
    Literal y = Loops.fill(
        x.type(),
        (i, at) -> {
          int c = (int) i[1];
          double unit = (x.get(at) - mean[c]) / Math.sqrt(variance[c] + a.real("epsilon"));
          return unit * in.get(1).get(c) + in.get(2).get(c);
        });
    TensorType statistics = in.get(1).type();
    return List.of(y, Literal.adopt(statistics, mean), Literal.adopt(statistics, variance));
  }
}
