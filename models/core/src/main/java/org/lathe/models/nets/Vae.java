package org.lathe.models.nets;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;

/**
 * A variational autoencoder (Kingma and Welling 2014): pictures [batch, in] in 0..1 as Bernoulli pixels, a code [batch, code]
 * with a prior, an encoder and a decoder. Both may see a condition [batch, c] beside the picture and the code (Sohn, Lee and
 * Yan 2015). Logarithms are natural.
 *
 * <p>Parts: {@code encoder} and {@code decoder}.
 */
public final class Vae extends Module {
  private final Latent latent;
  private final Layer encoder;
  private final Layer decoder;

  /**
   * @param encoder from [batch, in + c] to [batch, latent.parameters()]
   * @param decoder from [batch, latent.size() + c] to logits [batch, in]
   */
  public <E extends Module & Layer, D extends Module & Layer> Vae(Latent latent, E encoder, D decoder) {
    this.latent = latent;
    this.encoder = child("encoder", encoder);
    this.decoder = child("decoder", decoder);
  }

  /** One hidden layer of ReLU on each side. */
  public static Vae dense(Latent latent, long in, long condition, long hidden) {
    return new Vae(
        latent,
        new Mlp(Tensor::relu, Initializer.xavier(), in + condition, hidden, latent.parameters()),
        new Mlp(Tensor::relu, Initializer.xavier(), latent.size() + condition, hidden, in));
  }

  /** Two hidden layers on each side, so that code and condition meet before the last one. */
  public static Vae deep(Latent latent, long in, long condition, long outer, long inner) {
    return new Vae(
        latent, new Mlp(Tensor::relu, Initializer.he(), in + condition, outer, inner, latent.parameters()),
        new Mlp(Tensor::relu, Initializer.he(), latent.size() + condition, inner, outer, in));
  }

  public Latent latent() {
    return latent;
  }

  /** What the encoder says of the code, [batch, latent.parameters()]. */
  public Tensor encode(Tensor x, @Nullable Tensor condition) {
    return encoder.apply(beside(x, condition));
  }

  /** Logits of the pixels, [batch, in]. */
  public Tensor decode(Tensor code, @Nullable Tensor condition) {
    return decoder.apply(beside(code, condition));
  }

  private static Tensor beside(Tensor x, @Nullable Tensor condition) {
    return condition == null ? x : Tensor.concat(1, x, condition);
  }

  /**
   * The two parts of the negative evidence lower bound of each picture, both [batch].
   *
   * @param reconstruction binary cross-entropy of the pixels, for one fresh code
   * @param divergence of the code from its prior
   */
  public record Bound(Tensor reconstruction, Tensor divergence) {
    /** With a weight of the divergence, which is 1 in the bound and another number in a beta-VAE (Higgins et al. 2017). */
    public Tensor weighted(Tensor weight) {
      return reconstruction.add(divergence.mul(weight));
    }

    /** [batch]. */
    public Tensor negative() {
      return reconstruction.add(divergence);
    }
  }

  /** The bound; its gradient reaches the encoder where the latent is reparameterised. */
  public Bound bound(Tensor x, @Nullable Tensor condition) {
    Tensor encoded = encode(x, condition);
    Tensor logits = decode(latent.draw(encoded), condition);
    return new Bound(LossOps.sigmoidCrossEntropy(logits, x).sum(1), latent.divergence(encoded).sum(1));
  }

  /** The negative evidence lower bound of each picture, [batch], in nats. */
  public Tensor loss(Tensor x) {
    return bound(x, null).negative();
  }

  /**
   * A bound whose gradient is an unbiased estimate by the score function (Williams 1992; Mnih and Gregor 2014), for latents
   * that cannot be differentiated through: {@code (cost - baseline) log q(code)} is added, and its value taken away. Of
   * several codes for each picture, the baseline of one is the mean cost of the others (Kool, van Hoof and Welling 2019).
   *
   * @param draws codes for each picture, at least 2
   */
  public Bound scoreFunctionBound(Tensor x, @Nullable Tensor condition, int draws) {
    if (draws < 2) {
      throw new IllegalArgumentException("the score function's baseline needs at least 2 draws, not " + draws);
    }
    Tensor encoded = encode(x, condition);
    Tensor many = repeated(encoded, draws);
    Tensor codes = latent.draw(many).stopGradient();
    Tensor logits = decode(codes, condition == null ? null : repeated(condition, draws));
    Tensor cost = LossOps.sigmoidCrossEntropy(logits, repeated(x, draws))
        .sum(1)
        .reshape(draws, x.dim(0));
    Tensor fixed = cost.stopGradient();
    Tensor others = fixed.sum(0).sub(fixed).div(draws - 1);
    Tensor score = fixed.sub(others).mul(latent.logDensity(many, codes).reshape(draws, x.dim(0)));
    Tensor estimate = cost.add(score).sub(score.stopGradient()).mean(0);
    return new Bound(estimate, latent.divergence(encoded).sum(1));
  }

  /**
   * The logarithm of each picture's likelihood, [batch], estimated by importance sampling from the encoder's distribution
   * (Burda, Grosse and Salakhutdinov 2016): in expectation below it, above the evidence lower bound, and nearer with more
   * draws.
   */
  public Tensor logLikelihood(Tensor x, @Nullable Tensor condition, int draws) {
    Tensor encoded = repeated(encode(x, condition), draws);
    Tensor codes = latent.draw(encoded);
    Tensor logits = decode(codes, condition == null ? null : repeated(condition, draws));
    Tensor given = LossOps.sigmoidCrossEntropy(logits, repeated(x, draws))
        .sum(1)
        .neg();
    Tensor weights = given.add(latent.logPrior(codes)).sub(latent.logDensity(encoded, codes));
    return weights.reshape(draws, x.dim(0)).logSumExp(0).sub(Math.log(draws));
  }

  /** The whole batch again and again, [draws * batch, ..]. */
  private static Tensor repeated(Tensor x, int draws) {
    return x.expandDims(0).broadcastTo(draws, x.dim(0), x.dim(1)).reshape(draws * x.dim(0), x.dim(1));
  }
}
