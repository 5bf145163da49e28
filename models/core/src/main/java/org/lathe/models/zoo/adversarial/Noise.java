package org.lathe.models.zoo.adversarial;

import java.util.SplittableRandom;

/** Noise that generators make examples of. */
final class Noise {
  private Noise() {}

  /** Standard normal numbers [count, width], row by row: more rows begin with the same. */
  static float[] normal(int count, int width, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] noise = new float[count * width];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    return noise;
  }
}
