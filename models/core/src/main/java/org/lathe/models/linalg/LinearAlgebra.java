package org.lathe.models.linalg;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Textbook linear algebra in float64 on the host: what trained models are held against. It shares no code with what trains
 * them. Matrices are arrays of rows.
 */
public final class LinearAlgebra {
  private static final int SWEEPS = 100;

  private LinearAlgebra() {}

  /**
   * An eigenvalue decomposition, largest eigenvalue first.
   *
   * @param vectors [count][n], the unit eigenvector of each value
   */
  public record Eigen(double[] values, double[][] vectors) {}

  /**
   * A singular value decomposition {@code a = sum s[k] u[k] v[k]^T}, largest first.
   *
   * @param u [count][rows]
   * @param v [count][columns]
   */
  public record Svd(double[][] u, double[] s, double[][] v) {}

  /** The lower triangle l with {@code l l^T = a}, of a symmetric positive definite a (Cholesky). */
  public static double[][] cholesky(double[][] a) {
    int n = a.length;
    double[][] l = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = a[i][j];
        for (int k = 0; k < j; k++) {
          sum -= l[i][k] * l[j][k];
        }
        if (i == j && !(sum > 0)) {
          throw new ArithmeticException("the matrix is not positive definite: pivot " + i + " is " + sum);
        }
        l[i][j] = i == j ? Math.sqrt(sum) : sum / l[j][j];
      }
    }
    return l;
  }

  /** The logarithm of the determinant of a symmetric positive definite matrix. */
  public static double logDeterminant(double[][] a) {
    double[][] l = cholesky(a);
    double sum = 0;
    for (int i = 0; i < l.length; i++) {
      sum += 2 * Math.log(l[i][i]);
    }
    return sum;
  }

  /** Solves {@code a x = b} for a symmetric positive definite a. */
  public static double[] solve(double[][] a, double[] b) {
    int n = b.length;
    double[][] l = cholesky(a);
    double[] x = b.clone();
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        x[i] -= l[i][k] * x[k];
      }
      x[i] /= l[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++) {
        x[i] -= l[k][i] * x[k];
      }
      x[i] /= l[i][i];
    }
    return x;
  }

  /** {@code x^T x / rows}. */
  public static double[][] gram(double[][] x) {
    int n = x[0].length;
    double[][] g = new double[n][n];
    for (double[] row : x) {
      for (int i = 0; i < n; i++) {
        if (row[i] != 0) {
          for (int j = 0; j <= i; j++) {
            g[i][j] += row[i] * row[j];
          }
        }
      }
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        g[i][j] /= x.length;
        g[j][i] = g[i][j];
      }
    }
    return g;
  }

  /** All eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's rotations. */
  public static Eigen eigen(double[][] symmetric) {
    int n = symmetric.length;
    double[][] a = copy(symmetric);
    double[][] v = new double[n][n];
    for (int i = 0; i < n; i++) {
      v[i][i] = 1;
    }
    for (int sweep = 0; sweep < SWEEPS && offDiagonal(a) > 1e-24 * squares(a); sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          rotate(a, v, p, q);
        }
      }
    }
    Integer[] order = new Integer[n];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (i, j) -> Double.compare(a[j][j], a[i][i]));
    double[] values = new double[n];
    double[][] vectors = new double[n][n];
    for (int k = 0; k < n; k++) {
      values[k] = a[order[k]][order[k]];
      for (int i = 0; i < n; i++) {
        vectors[k][i] = v[i][order[k]];
      }
    }
    return new Eigen(values, vectors);
  }

  private static void rotate(double[][] a, double[][] v, int p, int q) {
    if (a[p][q] == 0) {
      return;
    }
    double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    double c = 1 / Math.sqrt(t * t + 1);
    double s = t * c;
    for (int k = 0; k < a.length; k++) {
      double x = a[k][p];
      double y = a[k][q];
      a[k][p] = c * x - s * y;
      a[k][q] = s * x + c * y;
    }
    for (int k = 0; k < a.length; k++) {
      double x = a[p][k];
      double y = a[q][k];
      a[p][k] = c * x - s * y;
      a[q][k] = s * x + c * y;
      double vx = v[k][p];
      double vy = v[k][q];
      v[k][p] = c * vx - s * vy;
      v[k][q] = s * vx + c * vy;
    }
  }

  /** The symmetric s with {@code s s = a}, of a symmetric positive semi-definite a; negative eigenvalues count as 0. */
  public static double[][] squareRoot(double[][] a) {
    int n = a.length;
    Eigen e = eigen(a);
    double[][] root = new double[n][n];
    for (int k = 0; k < n; k++) {
      double value = Math.sqrt(Math.max(0, e.values()[k]));
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          root[i][j] += value * e.vectors()[k][i] * e.vectors()[k][j];
        }
      }
    }
    return root;
  }

  /** The largest eigenvalues of a symmetric positive semi-definite matrix, by orthogonal iteration. */
  public static Eigen largest(double[][] symmetric, int count, int iterations) {
    int n = symmetric.length;
    SplittableRandom random = new SplittableRandom(7);
    double[][] q = new double[count][n];
    for (double[] row : q) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    orthonormalize(q);
    for (int it = 0; it < iterations; it++) {
      for (int k = 0; k < count; k++) {
        q[k] = times(symmetric, q[k]);
      }
      orthonormalize(q);
    }
    double[][] small = new double[count][count];
    for (int i = 0; i < count; i++) {
      double[] image = times(symmetric, q[i]);
      for (int j = 0; j < count; j++) {
        small[i][j] = dot(q[j], image);
      }
    }
    Eigen inner = eigen(small);
    double[][] vectors = new double[count][n];
    for (int k = 0; k < count; k++) {
      for (int i = 0; i < count; i++) {
        for (int j = 0; j < n; j++) {
          vectors[k][j] += inner.vectors()[k][i] * q[i][j];
        }
      }
    }
    return new Eigen(inner.values(), vectors);
  }

  /** All singular values and vectors of a small matrix, of its {@code min(rows, columns)} first. */
  public static Svd svd(double[][] a) {
    int rows = a.length;
    int columns = a[0].length;
    int count = Math.min(rows, columns);
    double[][] inner = new double[columns][columns];
    for (double[] row : a) {
      for (int i = 0; i < columns; i++) {
        for (int j = 0; j < columns; j++) {
          inner[i][j] += row[i] * row[j];
        }
      }
    }
    Eigen e = eigen(inner);
    double[] s = new double[count];
    double[][] u = new double[count][];
    double[][] v = new double[count][];
    for (int k = 0; k < count; k++) {
      s[k] = Math.sqrt(Math.max(0, e.values()[k]));
      v[k] = e.vectors()[k];
      u[k] = times(a, v[k]);
      for (int i = 0; i < rows; i++) {
        u[k][i] = s[k] == 0 ? 0 : u[k][i] / s[k];
      }
    }
    return new Svd(u, s, v);
  }

  /** {@code a b}. */
  public static double[][] product(double[][] a, double[][] b) {
    double[][] c = new double[a.length][b[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < b.length; k++) {
        for (int j = 0; j < b[0].length; j++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return c;
  }

  public static double[] times(double[][] a, double[] x) {
    double[] y = new double[a.length];
    Arrays.setAll(y, i -> dot(a[i], x));
    return y;
  }

  public static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  public static double norm(double[] a) {
    return Math.sqrt(dot(a, a));
  }

  /** Makes independent rows orthonormal, in place, by Gram and Schmidt's method, twice. */
  static void orthonormalize(double[][] q) {
    for (int i = 0; i < q.length; i++) {
      for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < i; j++) {
          double d = dot(q[i], q[j]);
          for (int k = 0; k < q[i].length; k++) {
            q[i][k] -= d * q[j][k];
          }
        }
      }
      double norm = norm(q[i]);
      for (int k = 0; k < q[i].length; k++) {
        q[i][k] /= norm;
      }
    }
  }

  private static double offDiagonal(double[][] a) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        sum += i == j ? 0 : a[i][j] * a[i][j];
      }
    }
    return sum;
  }

  private static double squares(double[][] a) {
    double sum = 0;
    for (double[] row : a) {
      sum += dot(row, row);
    }
    return sum;
  }

  private static double[][] copy(double[][] a) {
    return Arrays.stream(a).map(double[]::clone).toArray(double[][]::new);
  }
}
