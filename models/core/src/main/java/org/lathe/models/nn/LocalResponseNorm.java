package org.lathe.models.nn;

import org.lathe.compiler.op.Normalisations;
import org.lathe.compiler.op.Tensor;

/**
 * Local response normalisation (Krizhevsky, Sutskever and Hinton 2012) of [batch, channels, ..]: each value over
 * {@code (k + alpha * sum of squares)^beta}, the sum being over {@code size} neighbouring channels at its place.
 */
public record LocalResponseNorm(long size, double alpha, double beta, double k) implements Layer {
  /** As in AlexNet: five channels, alpha 1e-4, beta 0.75, k 2. */
  public static final LocalResponseNorm ALEXNET = new LocalResponseNorm(5, 1e-4, 0.75, 2);

  @Override
  public Tensor apply(Tensor x) {
    return Normalisations.localResponseNorm(x, size, alpha, beta, k);
  }
}
