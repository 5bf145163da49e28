package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Coupling.Mapped;
import org.lathe.models.nn.Coupling;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;

/**
 * A normalising flow of couplings (NICE, Dinh, Krueger and Bengio 2015; RealNVP, Dinh, Sohl-Dickstein and Bengio 2017): an
 * invertible map between data and a prior of independent values, [batch, dimensions] both, and with it an exact likelihood
 * and exact samples. Couplings move the even and the odd values in turn. Additive couplings keep volumes; after them each
 * value is scaled by a trained factor, as in NICE.
 *
 * <p>Parts: {@code coupling.0}, ... Parameter: {@code log_scale} [dimensions] if the couplings are additive.
 */
public final class CouplingFlow extends Module {
  private static final double LOG_2_PI = Math.log(2 * Math.PI);

  private final Options options;
  private final List<Coupling> couplings = new ArrayList<>();
  private final @Nullable Parameter logScale;

  /** How the values that move do. */
  public enum Kind {
    /** By a shift. */
    ADDITIVE,
    /** By a factor and a shift. */
    AFFINE
  }

  /** What the data is mapped to. */
  public enum Prior {
    /** Standard normal values. */
    NORMAL,
    /** Values of the standard logistic distribution. */
    LOGISTIC;

    /** One value. */
    public double draw(RandomGenerator random) {
      return switch (this) {
        case NORMAL -> random.nextGaussian();
        case LOGISTIC -> {
          double u = random.nextDouble(Double.MIN_NORMAL, 1);
          yield Math.log(u) - Math.log1p(-u);
        }
      };
    }
  }

  /**
   * @param hidden widths of each coupling's network, ReLU
   */
  public record Options(Kind kind, Prior prior, long dimensions, int couplings, List<Long> hidden) {
    public Options {
      hidden = List.copyOf(hidden);
    }
  }

  public CouplingFlow(Options options) {
    this.options = options;
    long n = options.dimensions();
    for (int i = 0; i < options.couplings(); i++) {
      long[] widths = new long[options.hidden().size() + 2];
      Arrays.setAll(widths, w -> w == 0 ? n : w <= options.hidden().size() ? options.hidden().get(w - 1) : 0);
      widths[widths.length - 1] = options.kind() == Kind.ADDITIVE ? n : 2 * n;
      Mlp net = new Mlp(Tensor::relu, Initializer.xavier(), widths);
      couplings.add(
          child(
              "coupling." + i,
              options.kind() == Kind.ADDITIVE ? Coupling.additive(n, i % 2, net) : Coupling.affine(n, i % 2, net)));
    }
    logScale = options.kind() == Kind.ADDITIVE ? parameter("log_scale", Initializer.ZEROS, n) : null;
  }

  /** From data to the prior, with the logarithm of the Jacobian's determinant. */
  public Mapped toPrior(Tensor x) {
    Tensor values = x;
    Tensor logDeterminant = x.sum(1).zerosLike();
    for (Coupling c : couplings) {
      Mapped m = c.apply(values);
      values = m.values();
      logDeterminant = logDeterminant.add(m.logDeterminant());
    }
    return logScale == null
        ? new Mapped(values, logDeterminant)
        : new Mapped(values.mul(logScale.tensor().exp()), logDeterminant.add(logScale.tensor().sum()));
  }

  /** The inverse of {@link #toPrior}: makes data of values drawn from the prior. */
  public Tensor fromPrior(Tensor z) {
    Tensor x = logScale == null ? z : z.mul(logScale.tensor().neg().exp());
    for (int i = couplings.size() - 1; i >= 0; i--) {
      x = couplings.get(i).invert(x);
    }
    return x;
  }

  /** Of each of the batch, in nats: [batch]. */
  public Tensor logLikelihood(Tensor x) {
    Mapped m = toPrior(x);
    return logPrior(m.values()).add(m.logDeterminant());
  }

  private Tensor logPrior(Tensor z) {
    return switch (options.prior()) {
      case NORMAL -> z.square().add(LOG_2_PI).sum(1).mul(-0.5);
      case LOGISTIC -> z.softplus().add(z.neg().softplus()).sum(1).neg();
    };
  }

  /** The Jacobian of {@link #toPrior} by automatic differentiation: [batch, value of the prior, value of the data]. */
  public Tensor jacobian(Tensor x) {
    Tensor z = toPrior(x).values();
    List<Tensor> rows = new ArrayList<>();
    for (int i = 0; i < options.dimensions(); i++) {
      rows.add(Gradients.gradient(z.slice(1, i, i + 1).sum(), x));
    }
    return Tensor.stack(1, rows);
  }
}
