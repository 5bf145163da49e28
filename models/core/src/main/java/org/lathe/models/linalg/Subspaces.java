package org.lathe.models.linalg;

/** Spaces that are spanned by vectors. */
public final class Subspaces {
  private Subspaces() {}

  /**
   * The largest principal angle between two spaces of the same dimension (Bjorck and Golub 1973), in radians, from its sine:
   * the largest distance of a unit vector of the first from the second.
   *
   * @param a linearly independent rows that span the first; they need not be orthonormal
   * @param b likewise, as many
   */
  public static double largestAngle(double[][] a, double[][] b) {
    double[][] p = orthonormal(a);
    double[][] q = orthonormal(b);
    double[][] rest = new double[p.length][];
    for (int i = 0; i < p.length; i++) {
      rest[i] = p[i].clone();
      for (double[] row : q) {
        double d = LinearAlgebra.dot(p[i], row);
        for (int k = 0; k < row.length; k++) {
          rest[i][k] -= d * row[k];
        }
      }
    }
    double[][] small = new double[p.length][p.length];
    for (int i = 0; i < p.length; i++) {
      for (int j = 0; j < p.length; j++) {
        small[i][j] = LinearAlgebra.dot(rest[i], rest[j]);
      }
    }
    double sine = Math.sqrt(Math.max(0, LinearAlgebra.eigen(small).values()[0]));
    return Math.asin(Math.min(1, sine));
  }

  private static double[][] orthonormal(double[][] rows) {
    double[][] q = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      q[i] = rows[i].clone();
    }
    LinearAlgebra.orthonormalize(q);
    return q;
  }
}
