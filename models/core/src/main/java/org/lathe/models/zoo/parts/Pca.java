package org.lathe.models.zoo.parts;

import java.util.Arrays;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.linalg.LinearAlgebra;

/**
 * Principal components in float64 on the host: what linear and deep codes are held against.
 *
 * @param mean [in]
 * @param components [count][in], orthonormal, the one of largest variance first
 */
public record Pca(double[] mean, double[][] components) {
  private static final int ITERATIONS = 80;

  /** The first {@code count} components of a real column. */
  public static Pca fit(Dataset data, String column, int count) {
    double[][] rows = LeastSquares.rows(data, column);
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += row[i] / rows.length;
      }
    }
    for (double[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        row[i] -= mean[i];
      }
    }
    int all = Math.min(count + 8, mean.length);
    LinearAlgebra.Eigen e = LinearAlgebra.largest(LinearAlgebra.gram(rows), all, ITERATIONS);
    return new Pca(mean, Arrays.copyOf(e.vectors(), count));
  }

  /** Each example as its projection on the components' space, example after example. */
  public float[] reconstruct(Dataset data, String column) {
    float[] values = ((Column.Floats) data.column(column)).data();
    float[] out = new float[values.length];
    int width = mean.length;
    for (int from = 0; from < values.length; from += width) {
      for (int i = 0; i < width; i++) {
        out[from + i] = (float) mean[i];
      }
      for (double[] c : components) {
        double code = 0;
        for (int i = 0; i < width; i++) {
          code += c[i] * (values[from + i] - mean[i]);
        }
        for (int i = 0; i < width; i++) {
          out[from + i] += (float) (code * c[i]);
        }
      }
    }
    return out;
  }

  /** The mean squared error of a reconstructed element. */
  public double error(Dataset data, String column) {
    float[] values = ((Column.Floats) data.column(column)).data();
    float[] found = reconstruct(data, column);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += Math.pow(values[i] - found[i], 2) / values.length;
    }
    return sum;
  }
}
