package org.lathe.models.nets;

import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Forward;

/**
 * The distribution of a code [batch, size] given what an encoder says of an example, and the code's prior. Logarithms and
 * divergences are in nats.
 */
public sealed interface Latent {
  /** The elements of a code. */
  long size();

  /** The values that an encoder gives for each example. */
  long parameters();

  /** Whether a draw is a differentiable function of the encoder's values. */
  boolean isReparameterised();

  /**
   * A fresh code for each example, [batch, size].
   *
   * @param encoded [batch, parameters]
   */
  Tensor draw(Tensor encoded);

  /** The codes' means, [batch, size]. */
  Tensor mean(Tensor encoded);

  /** The Kullback-Leibler divergence of each element of the code from its prior, [batch, size]. */
  Tensor divergence(Tensor encoded);

  /** The logarithm of the code's density, or of its probability, [batch]. */
  Tensor logDensity(Tensor encoded, Tensor code);

  /** The same under the prior, [batch]. */
  Tensor logPrior(Tensor code);

  /** Up to where an element goes either way from its prior's mean, but for rare cases. */
  double reach();

  /** Of an element, under the prior. */
  double priorMean();

  /** Codes drawn from the prior on the host, [count, size]. */
  float[] prior(RandomGenerator random, int count);

  /**
   * Independent normal variables, drawn by the reparameterisation trick (Kingma and Welling 2014); the prior has mean 0 and
   * variance 1. The encoder gives the means, then the logarithms of the variances.
   */
  record Gaussian(long size) implements Latent {
    private static final double LOG_TWO_PI = Math.log(2 * Math.PI);

    @Override
    public long parameters() {
      return 2 * size;
    }

    @Override
    public boolean isReparameterised() {
      return true;
    }

    @Override
    public Tensor mean(Tensor encoded) {
      return encoded.slice(1, 0, size);
    }

    private Tensor logVariance(Tensor encoded) {
      return encoded.slice(1, size, 2 * size);
    }

    @Override
    public Tensor draw(Tensor encoded) {
      Tensor mean = mean(encoded);
      return mean.add(logVariance(encoded).mul(0.5).exp().mul(Forward.current().normal(mean.shape())));
    }

    @Override
    public Tensor divergence(Tensor encoded) {
      Tensor logVariance = logVariance(encoded);
      return logVariance.add(1).sub(mean(encoded).square()).sub(logVariance.exp()).mul(-0.5);
    }

    @Override
    public Tensor logDensity(Tensor encoded, Tensor code) {
      Tensor logVariance = logVariance(encoded);
      Tensor squares = code.sub(mean(encoded)).square().mul(logVariance.neg().exp());
      return squares.add(logVariance).add(LOG_TWO_PI).sum(1).mul(-0.5);
    }

    @Override
    public Tensor logPrior(Tensor code) {
      return code.square().add(LOG_TWO_PI).sum(1).mul(-0.5);
    }

    @Override
    public double reach() {
      return 2.5;
    }

    @Override
    public double priorMean() {
      return 0;
    }

    @Override
    public float[] prior(RandomGenerator random, int count) {
      float[] code = new float[Math.toIntExact(count * size)];
      for (int i = 0; i < code.length; i++) {
        code[i] = (float) random.nextGaussian();
      }
      return code;
    }
  }

  /** Independent bits; the prior is a fair coin for each. The encoder gives logits. A draw has no gradient. */
  record Bits(long size) implements Latent {
    @Override
    public long parameters() {
      return size;
    }

    @Override
    public boolean isReparameterised() {
      return false;
    }

    @Override
    public Tensor mean(Tensor encoded) {
      return encoded.sigmoid();
    }

    @Override
    public Tensor draw(Tensor encoded) {
      return Rbm.bits(Forward.current().random(), encoded.sigmoid()).stopGradient();
    }

    /** {@code log 2 - H(q)}. */
    @Override
    public Tensor divergence(Tensor encoded) {
      return LossOps.sigmoidCrossEntropy(encoded, encoded.sigmoid()).subtractedFrom(Math.log(2));
    }

    @Override
    public Tensor logDensity(Tensor encoded, Tensor code) {
      return LossOps.sigmoidCrossEntropy(encoded, code).sum(1).neg();
    }

    @Override
    public Tensor logPrior(Tensor code) {
      return code.mul(0).sum(1).sub(size * Math.log(2));
    }

    @Override
    public double reach() {
      return 0.5;
    }

    @Override
    public double priorMean() {
      return 0.5;
    }

    @Override
    public float[] prior(RandomGenerator random, int count) {
      float[] code = new float[Math.toIntExact(count * size)];
      for (int i = 0; i < code.length; i++) {
        code[i] = random.nextInt(2);
      }
      return code;
    }
  }
}
