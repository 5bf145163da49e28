package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * Subtracts the mean of all examples seen in training: [batch, size] to the same. Inputs of mean 0 take away the largest
 * curvature of a loss (LeCun, Bottou, Orr and Mueller 1998).
 *
 * <p>State: {@code mean} [size], and {@code batches}, a scalar, how many it is the mean of.
 */
public final class Centering extends Module implements Layer {
  private final Parameter mean;
  private final Parameter batches;

  public Centering(long size) {
    mean = state("mean", Initializer.ZEROS, size);
    batches = state("batches", Initializer.ZEROS);
  }

  @Override
  public Tensor apply(Tensor x) {
    if (!Forward.current().isTraining()) {
      return x.sub(mean.tensor());
    }
    Tensor count = batches.tensor().add(1);
    Tensor now = mean.tensor().add(x.mean(0).sub(mean.tensor()).div(count)).stopGradient();
    mean.update(now);
    batches.update(count);
    return x.sub(now);
  }
}
