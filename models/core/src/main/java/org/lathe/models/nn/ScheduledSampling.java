package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;

/**
 * Scheduled sampling (Bengio, Vinyals, Jaitly and Shazeer 2015): while it is trained, a network that is to go on from its own
 * outputs is given the truth at each step with a probability that falls as the training goes on, else what it said itself.
 */
@FunctionalInterface
public interface ScheduledSampling {
  /** Plain teacher forcing: always the truth. */
  ScheduledSampling TEACHER_FORCING = step -> step.like(1);

  /**
   * The probability of the truth, an f32 scalar.
   *
   * @param step f32 scalar i: how many training steps were made before
   */
  Tensor probability(Tensor step);

  /** {@code max(least, 1 - i / steps)}. */
  static ScheduledSampling linear(double least, long steps) {
    return step -> step.div(steps).subtractedFrom(1).maximum(least);
  }

  /** {@code k^i}, k below 1. */
  static ScheduledSampling exponential(double k) {
    if (!(k > 0 && k < 1)) {
      throw new IllegalArgumentException("an exponential decay has a base in (0, 1), not " + k);
    }
    return step -> step.mul(Math.log(k)).exp();
  }

  /** {@code k / (k + exp(i / k))}, k at least 1. */
  static ScheduledSampling inverseSigmoid(double k) {
    if (!(k >= 1)) {
      throw new IllegalArgumentException("an inverse sigmoid decay has a constant of at least 1, not " + k);
    }
    // The same as a sigmoid, which does not overflow.
    return step -> step.div(-k).add(Math.log(k)).sigmoid();
  }

  /**
   * Whether the truth is given, bool [steps, batch, 1], drawn for each step of each sequence.
   *
   * @param step how many training steps were made before
   */
  default Tensor draw(RandomKey random, Tensor step, long steps, long batch) {
    return random.uniform(DType.F32, steps, batch, 1).less(probability(step));
  }
}
