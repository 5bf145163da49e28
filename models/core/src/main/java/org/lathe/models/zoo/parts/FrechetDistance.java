package org.lathe.models.zoo.parts;

import org.lathe.models.linalg.LinearAlgebra;

/**
 * The squared Frechet distance of two normal distributions, fitted to features of two sets of pictures (Heusel et al. 2017;
 * Dowson and Landau 1982): {@code |m - n|^2 + trace(C + D - 2 (C D)^(1/2))}.
 *
 * <p>The features are here those of a LeNet-5 trained on digits, so that scores compare with each other but not with those
 * of Inception's features in papers. Few pictures score too high: compare sets of one size.
 */
public final class FrechetDistance {
  private FrechetDistance() {}

  /**
   * A normal distribution.
   *
   * @param mean [n]
   * @param covariance [n][n]
   */
  public record Moments(double[] mean, double[][] covariance) {
    /**
     * Those of examples.
     *
     * @param values [count, width]
     */
    public static Moments of(float[] values, int width) {
      int count = values.length / width;
      double[] mean = new double[width];
      for (int i = 0; i < values.length; i++) {
        mean[i % width] += (double) values[i] / count;
      }
      double[][] rows = new double[count][width];
      for (int i = 0; i < values.length; i++) {
        rows[i / width][i % width] = values[i] - mean[i % width];
      }
      return new Moments(mean, LinearAlgebra.gram(rows));
    }
  }

  /** The distance; at least 0. */
  public static double between(Moments a, Moments b) {
    double sum = 0;
    for (int i = 0; i < a.mean().length; i++) {
      double d = a.mean()[i] - b.mean()[i];
      sum += d * d + a.covariance()[i][i] + b.covariance()[i][i];
    }
    double[][] root = LinearAlgebra.squareRoot(a.covariance());
    // The eigenvalues of C D are those of the symmetric C^(1/2) D C^(1/2).
    double[][] inner = LinearAlgebra.product(root, LinearAlgebra.product(b.covariance(), root));
    for (int i = 0; i < inner.length; i++) {
      for (int j = 0; j < i; j++) {
        inner[i][j] = (inner[i][j] + inner[j][i]) / 2;
        inner[j][i] = inner[i][j];
      }
    }
    for (double value : LinearAlgebra.eigen(inner).values()) {
      sum -= 2 * Math.sqrt(Math.max(0, value));
    }
    return Math.max(0, sum);
  }
}
