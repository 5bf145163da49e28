package org.lathe.models.adversarial;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/**
 * A batch of examples, real or made, and what they were asked to be.
 *
 * @param x [batch, ...]
 * @param condition [batch, width], such as a class as one-hot, a code or a caption's embedding; null where nothing is asked
 */
public record Sample(Tensor x, @Nullable Tensor condition) {
  /** Examples without a condition. */
  public static Sample of(Tensor x) {
    return new Sample(x, null);
  }

  /**
   * What they were asked to be.
   *
   * @throws IllegalStateException if nothing is asked
   */
  public Tensor asked() {
    if (condition == null) {
      throw new IllegalStateException("this sample has no condition; make it with new Sample(x, condition)");
    }
    return condition;
  }

  /** The same condition with other examples. */
  public Sample with(Tensor other) {
    return new Sample(other, condition);
  }

  /** The same values, as constants. */
  public Sample stopGradient() {
    return new Sample(x.stopGradient(), condition == null ? null : condition.stopGradient());
  }

  /** These examples, and then those of {@code other}. */
  Sample and(Sample other) {
    return new Sample(
        Tensor.concat(0, x, other.x), condition == null ? null : Tensor.concat(0, condition, other.asked()));
  }
}
