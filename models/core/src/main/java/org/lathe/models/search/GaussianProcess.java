package org.lathe.models.search;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.models.linalg.LinearAlgebra;

/**
 * Regression by a Gaussian process (Rasmussen and Williams 2006) with a squared exponential kernel over the unit cube. Its
 * length scale is the one of a few under which the values are most probable; the values are standardised.
 */
final class GaussianProcess {
  private static final double[] LENGTHS = {0.05, 0.1, 0.2, 0.4, 0.8};
  private static final double NOISE = 1e-4;

  private final List<double[]> points;
  private final double[] weights;
  private final double[][] covariance;
  private final double length;
  private final double mean;
  private final double deviation;

  private GaussianProcess(
      List<double[]> points, double[] weights, double[][] covariance, double length, double mean, double deviation) {
    this.points = points;
    this.weights = weights;
    this.covariance = covariance;
    this.length = length;
    this.mean = mean;
    this.deviation = deviation;
  }

  static GaussianProcess fit(List<double[]> points, double[] values) {
    double mean = Arrays.stream(values).average().orElseThrow();
    double variance = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double deviation = variance == 0 ? 1 : Math.sqrt(variance);
    double[] standard = Arrays.stream(values).map(v -> (v - mean) / deviation).toArray();
    @Nullable
    GaussianProcess best = null;
    double most = Double.NEGATIVE_INFINITY;
    for (double length : LENGTHS) {
      double[][] k = new double[values.length][values.length];
      for (int i = 0; i < k.length; i++) {
        for (int j = 0; j < k.length; j++) {
          k[i][j] = kernel(points.get(i), points.get(j), length) + (i == j ? NOISE : 0);
        }
      }
      double[] weights = LinearAlgebra.solve(k, standard);
      double evidence = -0.5 * LinearAlgebra.dot(standard, weights) - 0.5 * LinearAlgebra.logDeterminant(k);
      if (best == null || evidence > most) {
        most = evidence;
        best = new GaussianProcess(List.copyOf(points), weights, k, length, mean, deviation);
      }
    }
    return Objects.requireNonNull(best);
  }

  private static double kernel(double[] a, double[] b, double length) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.exp(-0.5 * squares / (length * length));
  }

  /** The mean and the standard deviation of the value at a point. */
  double[] predict(double[] point) {
    double[] k = points.stream().mapToDouble(p -> kernel(p, point, length)).toArray();
    double variance = 1 + NOISE - LinearAlgebra.dot(k, LinearAlgebra.solve(covariance, k));
    return new double[]{
        mean + deviation * LinearAlgebra.dot(k, weights), deviation * Math.sqrt(Math.max(1e-12, variance))
    };
  }

  /** By how much the value at a point is expected to be below {@code least}, counting 0 where it is not. */
  double expectedImprovement(double[] point, double least) {
    double[] p = predict(point);
    double z = (least - p[0]) / p[1];
    return (least - p[0]) * cumulative(z) + p[1] * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  }

  /** The standard normal distribution function, by Abramowitz and Stegun 26.2.17, to 1e-7. */
  static double cumulative(double z) {
    double t = 1 / (1 + 0.2316419 * Math.abs(z));
    double tail = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI) * t
        * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return z >= 0 ? 1 - tail : tail;
  }
}
