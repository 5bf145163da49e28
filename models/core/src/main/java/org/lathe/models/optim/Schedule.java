package org.lathe.models.optim;

import org.lathe.compiler.op.Tensor;

/** A learning rate over time, as part of the step's graph: a resumed run goes on with the rate where it was. */
@FunctionalInterface
public interface Schedule {
  /**
   * The rate, an f32 scalar.
   *
   * @param step f32 scalar: how many steps were made before
   */
  Tensor at(Tensor step);

  static Schedule constant(double rate) {
    return step -> step.like(rate);
  }

  /** Times {@code factor} after every {@code every} steps. */
  static Schedule step(double rate, double factor, long every) {
    positive("every", every);
    return step -> step.div(every).floor().mul(Math.log(factor)).exp().mul(rate);
  }

  /** {@code rate * factor^(step / every)}, without jumps. */
  static Schedule exponential(double rate, double factor, long every) {
    positive("every", every);
    return step -> step.mul(Math.log(factor) / every).exp().mul(rate);
  }

  /** From {@code rate} to {@code last} along half a cosine over {@code steps}, then {@code last} (Loshchilov and Hutter 2017). */
  static Schedule cosine(double rate, double last, long steps) {
    positive("steps", steps);
    return step -> step.div(steps).minimum(1).mul(Math.PI).cos().add(1).mul((rate - last) / 2).add(last);
  }

  /** This schedule from the start, its rate rising in a line over the first {@code steps}. */
  default Schedule warmedUp(long steps) {
    positive("steps", steps);
    return step -> at(step).mul(step.add(1).div(steps).minimum(1));
  }

  /** {@code scale * width^-0.5 * min(t^-0.5, t * warmUp^-1.5)} for t = 1, 2, ... (Vaswani et al. 2017). */
  static Schedule inverseSquareRoot(double scale, long width, long warmUp) {
    positive("warmUp", warmUp);
    return step -> {
      Tensor t = step.add(1);
      return t.rsqrt().minimum(t.mul(Math.pow(warmUp, -1.5))).mul(scale / Math.sqrt(width));
    };
  }

  private static void positive(String what, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(what + " is a positive number of steps, not " + value);
    }
  }
}
