package org.lathe.models.zoo.parts;

import java.util.stream.IntStream;

/**
 * The nearest of other pictures, for each of some.
 *
 * @param index of the nearest
 * @param distance to it, Euclidean, over all values
 */
public record NearestPictures(int[] index, double[] distance) {
  /** Parts of a picture after which a sum that is already too large ends. */
  private static final int PARTS = 8;

  /**
   * Compares each with each.
   *
   * @param pictures [count, size]
   * @param others [more, size]
   */
  public static NearestPictures of(float[] pictures, float[] others, int size) {
    int count = pictures.length / size;
    int[] index = new int[count];
    double[] distance = new double[count];
    IntStream.range(0, count).parallel().forEach(
        i -> {
          double best = Double.POSITIVE_INFINITY;
          for (int o = 0; o < others.length / size; o++) {
            double d = squared(pictures, i * size, others, o * size, size, best);
            if (d < best) {
              best = d;
              index[i] = o;
            }
          }
          distance[i] = Math.sqrt(best);
        });
    return new NearestPictures(index, distance);
  }

  private static double squared(float[] a, int from, float[] b, int at, int size, double best) {
    double sum = 0;
    for (int p = 0; p < PARTS && sum < best; p++) {
      float part = 0;
      for (int k = size * p / PARTS; k < size * (p + 1) / PARTS; k++) {
        float d = a[from + k] - b[at + k];
        part += d * d;
      }
      sum += part;
    }
    return sum;
  }
}
