package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * Dropout (Srivastava et al. 2014): in training each element is zero with probability {@code rate}, and the others are
 * scaled so that the expectation stays; elsewhere nothing changes. Any shape.
 */
public final class Dropout implements Layer {
  private final double rate;

  /**
   * @param rate in [0, 1)
   */
  public Dropout(double rate) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("a dropout rate is in [0, 1), not " + rate);
    }
    this.rate = rate;
  }

  @Override
  public Tensor apply(Tensor x) {
    Forward pass = Forward.current();
    if (rate == 0 || !pass.isTraining()) {
      return x;
    }
    return pass.bernoulli(1 - rate, x.shape()).where(x.mul(1 / (1 - rate)), x.zerosLike());
  }
}
