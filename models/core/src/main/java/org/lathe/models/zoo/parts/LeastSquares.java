package org.lathe.models.zoo.parts;

import java.util.Arrays;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.linalg.LinearAlgebra;

/**
 * The best weights of a linear model, in float64 on the host: what trained ones are held against. Weights have the bias as
 * their last; penalties are not on it.
 */
public final class LeastSquares {
  private static final int SWEEPS = 10_000;

  private LeastSquares() {}

  /** Minimises {@code mean (x w + b - y)^2 + l2 sum w^2} by the normal equations. */
  public static double[] ridge(double[][] x, double[] y, double l2) {
    int n = x[0].length + 1;
    double[][] augmented = new double[x.length][];
    for (int i = 0; i < x.length; i++) {
      augmented[i] = Arrays.copyOf(x[i], n);
      augmented[i][n - 1] = 1;
    }
    double[][] gram = LinearAlgebra.gram(augmented);
    double[] right = new double[n];
    for (int i = 0; i < x.length; i++) {
      for (int k = 0; k < n; k++) {
        right[k] += augmented[i][k] * y[i] / x.length;
      }
    }
    for (int k = 0; k < n - 1; k++) {
      gram[k][k] += l2;
    }
    return LinearAlgebra.solve(gram, right);
  }

  /** Minimises {@code mean (x w + b - y)^2 + l1 sum |w|} by coordinate descent with soft thresholds. */
  public static double[] lasso(double[][] x, double[] y, double l1) {
    int n = x[0].length;
    double[] w = new double[n + 1];
    double[] rest = y.clone();
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
      double moved = 0;
      for (int k = 0; k <= n; k++) {
        double product = 0;
        double square = 0;
        for (int i = 0; i < rest.length; i++) {
          double value = k == n ? 1 : x[i][k];
          product += value * (rest[i] + value * w[k]);
          square += value * value;
        }
        double threshold = k == n ? 0 : l1 / 2 * rest.length;
        double next = Math.signum(product) * Math.max(0, Math.abs(product) - threshold) / square;
        for (int i = 0; i < rest.length; i++) {
          rest[i] -= (k == n ? 1 : x[i][k]) * (next - w[k]);
        }
        moved = Math.max(moved, Math.abs(next - w[k]));
        w[k] = next;
      }
      if (moved < 1e-12) {
        break;
      }
    }
    return w;
  }

  /** The norm of the difference, as a share of the norm of {@code best}. */
  public static double distance(double[] found, double[] best) {
    double squares = 0;
    for (int k = 0; k < best.length; k++) {
      squares += Math.pow(found[k] - best[k], 2);
    }
    return Math.sqrt(squares) / LinearAlgebra.norm(best);
  }

  /** A real column's values, a row for each example. */
  public static double[][] rows(Dataset data, String column) {
    float[] values = ((Column.Floats) data.column(column)).data();
    int width = values.length / data.size();
    double[][] rows = new double[data.size()][width];
    for (int i = 0; i < values.length; i++) {
      rows[i / width][i % width] = values[i];
    }
    return rows;
  }

  /** A real column of one value for each example. */
  public static double[] column(Dataset data, String column) {
    float[] values = ((Column.Floats) data.column(column)).data();
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }
}
