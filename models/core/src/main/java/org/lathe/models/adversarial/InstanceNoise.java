package org.lathe.models.adversarial;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Forward;

/**
 * Normal noise on all that a critic sees, real and made, which falls to nothing along a line (Sonderby et al. 2017): at
 * first both distributions overlap, so that the generator has a slope to follow.
 *
 * @param first its standard deviation in the first iteration; 0 for none
 * @param iterations after so many there is none
 */
public record InstanceNoise(double first, long iterations) {
  /** None. */
  public static final InstanceNoise NONE = new InstanceNoise(0, 1);

  public InstanceNoise {
    if (!(first >= 0) || iterations < 1) {
      throw new IllegalArgumentException(
          "instance noise begins with a deviation of at least 0 and lasts at least one iteration, not " + first
              + " and "
              + iterations);
    }
  }

  /**
   * {@code x} with noise.
   *
   * @param iteration f32 scalar: how many iterations were made before
   */
  public Tensor addTo(Tensor x, Tensor iteration) {
    if (first == 0) {
      return x;
    }
    Tensor deviation = iteration.mul(-first / iterations).add(first).maximum(0);
    return x.add(Forward.current().normal(x.shape()).mul(deviation));
  }
}
