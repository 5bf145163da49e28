package org.lathe.models.zoo.adversarial;

import java.util.SplittableRandom;

/** Noise that generators make examples of. */
final class Noise {
  /** The lowest threshold of truncation: nearly all that is drawn is drawn anew. */
  static final double LEAST = 0.01;

  private Noise() {}

  /** Standard normal numbers [count, width], row by row: more rows begin with the same. */
  static float[] normal(int count, int width, long seed) {
    return truncated(count, width, Double.POSITIVE_INFINITY, seed);
  }

  /**
   * As {@link #normal}, but each number whose magnitude is above {@code threshold} is drawn anew (Brock, Donahue and
   * Simonyan 2019): a lower threshold gives examples that are more typical and less varied.
   *
   * @param threshold at least {@link #LEAST}; infinity for {@link #normal}
   */
  static float[] truncated(int count, int width, double threshold, long seed) {
    if (!(threshold >= LEAST)) {
      throw new IllegalArgumentException("noise is truncated at " + LEAST + " or more, not " + threshold);
    }
    SplittableRandom random = new SplittableRandom(seed);
    float[] noise = new float[count * width];
    for (int i = 0; i < noise.length; i++) {
      double drawn = random.nextGaussian();
      while (Math.abs(drawn) > threshold) {
        drawn = random.nextGaussian();
      }
      noise[i] = (float) drawn;
    }
    return noise;
  }

  /**
   * Noise of as many rows as {@code noise}, of which the first {@code lines * columns} go in lines from one row of it to
   * the next, along a great circle, so that all are about as long as noise is; the others are 0.
   */
  static float[] between(float[] noise, int lines, int columns, int width) {
    float[] all = new float[noise.length];
    for (int line = 0; line < lines; line++) {
      for (int column = 0; column < columns; column++) {
        double angle = Math.PI / 2 * column / (columns - 1);
        for (int k = 0; k < width; k++) {
          all[(line * columns + column) * width + k] = (float) (Math.cos(angle) * noise[2 * line * width + k]
              + Math.sin(angle) * noise[(2 * line + 1) * width + k]);
        }
      }
    }
    return all;
  }
}
