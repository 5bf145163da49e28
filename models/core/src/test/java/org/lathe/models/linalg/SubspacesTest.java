package org.lathe.models.linalg;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class SubspacesTest {
  private final RandomGenerator random = new SplittableRandom(System.nanoTime());

  @Test
  void anglesOfLinesAndPlanesAreKnown() {
    for (double angle : new double[]{0, 1e-7, 0.3, Math.PI / 4, 1.5, Math.PI / 2}) {
      double[][] a = {{1, 0, 0, 0}, {0, 1, 0, 0}};
      double[][] b = {{0, 3, 0, 0}, {2 * Math.cos(angle), 7, 2 * Math.sin(angle), 0}};
      assertEquals(angle, Subspaces.largestAngle(a, b), 1e-9);
      assertEquals(
          angle, Subspaces.largestAngle(new double[][]{{5, 0}}, new double[][]{{-Math.cos(angle), Math.sin(angle)}}),
          1e-9);
    }
  }

  /** Another basis of the same space changes nothing. */
  @Test
  void theBasisDoesNotMatter() {
    double[][] a = normal(3, 17);
    double[][] b = normal(3, 17);
    double[][] mix = normal(3, 3);
    double[][] other = new double[3][17];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        for (int k = 0; k < 17; k++) {
          other[i][k] += mix[i][j] * a[j][k];
        }
      }
    }
    assertEquals(0, Subspaces.largestAngle(a, other), 1e-6);
    assertEquals(Subspaces.largestAngle(a, b), Subspaces.largestAngle(other, b), 1e-6);
    assertEquals(Subspaces.largestAngle(a, b), Subspaces.largestAngle(b, a), 1e-6);
  }

  private double[][] normal(int rows, int columns) {
    double[][] x = new double[rows][columns];
    for (double[] row : x) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    return x;
  }
}
