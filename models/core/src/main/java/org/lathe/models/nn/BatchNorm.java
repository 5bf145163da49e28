package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Normalisations;
import org.lathe.compiler.op.Tensor;

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of [batch, channels, ..]: in training by the batch's mean and variance, and
 * by their running means elsewhere.
 *
 * <p>Parameters: {@code scale}, {@code shift} [channels]; states: {@code mean}, {@code variance} [channels]. The running
 * variance is of the unbiased estimate.
 */
public final class BatchNorm extends Module implements Layer {
  /** The weight of the newest batch in the running means, unless told otherwise. */
  public static final double MOMENTUM = 0.1;

  private static final double EPSILON = 1e-5;

  private final double momentum;
  private final @Nullable Parameter scale;
  private final @Nullable Parameter shift;
  private final Parameter mean;
  private final Parameter variance;

  public BatchNorm(long channels) {
    this(channels, MOMENTUM);
  }

  /**
   * @param momentum the weight of the newest batch in the running means
   */
  public BatchNorm(long channels, double momentum) {
    this(channels, momentum, 1);
  }

  /**
   * @param momentum the weight of the newest batch in the running means
   * @param firstScale with which it begins; at 0 its output is 0 at first, so that a residual block begins as the identity
   *     (Goyal et al. 2017)
   */
  public BatchNorm(long channels, double momentum, double firstScale) {
    this(channels, momentum, firstScale, 0);
  }

  /**
   * @param momentum the weight of the newest batch in the running means
   * @param firstScale with which it begins
   * @param firstShift likewise
   */
  public BatchNorm(long channels, double momentum, double firstScale, double firstShift) {
    this(channels, momentum, Initializer.constant(firstScale), Initializer.constant(firstShift));
  }

  private BatchNorm(
      long channels, double momentum, @Nullable Initializer firstScale, @Nullable Initializer firstShift) {
    this.momentum = momentum;
    scale = firstScale == null ? null : parameter("scale", firstScale, channels);
    shift = firstShift == null ? null : parameter("shift", firstShift, channels);
    mean = state("mean", Initializer.ZEROS, channels);
    variance = state("variance", Initializer.ONES, channels);
  }

  /** Without scale and shift: of mean 0 and variance 1. */
  public static BatchNorm plain(long channels) {
    return new BatchNorm(channels, MOMENTUM, null, null);
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor gain = scale == null ? mean.tensor().like(1) : scale.tensor();
    Tensor bias = shift == null ? mean.tensor().zerosLike() : shift.tensor();
    if (!Forward.current().isTraining()) {
      return Normalisations.batchNormInference(
          x, gain, bias, mean.tensor(), variance.tensor(), EPSILON);
    }
    Normalisations.BatchNorm made = Normalisations.batchNormTraining(x, gain, bias, EPSILON);
    double count = (double) x.type().size() / x.dim(1);
    moveTo(mean, made.mean(), 1);
    moveTo(variance, made.variance(), count / Math.max(1, count - 1));
    return made.output();
  }

  private void moveTo(Parameter running, Tensor found, double factor) {
    running.update(running.tensor().mul(1 - momentum).add(found.stopGradient().mul(momentum * factor)));
  }
}
