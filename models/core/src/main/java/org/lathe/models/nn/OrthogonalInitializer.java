package org.lathe.models.nn;

import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;

/**
 * Orthonormal rows or columns by modified Gram-Schmidt on a normal matrix, done twice so that the result is orthogonal to
 * working precision: the orthogonal factor of its polar or singular value decomposition in distribution.
 */
record OrthogonalInitializer(double gain) implements Initializer {
  @Override
  public float[] values(Dims shape, RandomGenerator random) {
    int columns = Math.toIntExact(shape.last(0));
    int rows = Math.toIntExact(shape.product() / Math.max(1, columns));
    boolean tall = rows >= columns;
    int vectors = tall ? columns : rows;
    int length = tall ? rows : columns;
    double[][] q = new double[vectors][length];
    for (int i = 0; i < vectors; i++) {
      for (int k = 0; k < length; k++) {
        q[i][k] = random.nextGaussian();
      }
      for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < i; j++) {
          double dot = dot(q[i], q[j]);
          for (int k = 0; k < length; k++) {
            q[i][k] -= dot * q[j][k];
          }
        }
        double norm = Math.sqrt(dot(q[i], q[i]));
        for (int k = 0; k < length; k++) {
          q[i][k] /= norm;
        }
      }
    }
    float[] out = new float[rows * columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        out[r * columns + c] = (float) (gain * (tall ? q[c][r] : q[r][c]));
      }
    }
    return out;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      sum += a[k] * b[k];
    }
    return sum;
  }
}
