package org.lathe.models.zoo.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.models.linalg.LinearAlgebra;
import org.lathe.models.zoo.parts.FrechetDistance.Moments;

class FrechetDistanceTest {
  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  private double[] normal(int n) {
    double[] x = new double[n];
    Arrays.setAll(x, i -> random.nextGaussian());
    return x;
  }

  private double[][] matrix(int rows, int columns) {
    double[][] a = new double[rows][];
    Arrays.setAll(a, i -> normal(columns));
    return a;
  }

  private static double[][] diagonal(double... d) {
    double[][] a = new double[d.length][d.length];
    for (int i = 0; i < d.length; i++) {
      a[i][i] = d[i];
    }
    return a;
  }

  /** With axes of their own: the sum of (m - n)^2 + (s - t)^2 over the axes. */
  @Test
  void independentNormalsHaveTheDistanceOfTheirMeansAndDeviations() {
    double[] m = normal(7);
    double[] n = normal(7);
    double[] s = Arrays.stream(normal(7)).map(Math::abs).toArray();
    double[] t = Arrays.stream(normal(7)).map(Math::abs).toArray();
    t[3] = 0;
    double expected = 0;
    for (int i = 0; i < 7; i++) {
      expected += Math.pow(m[i] - n[i], 2) + Math.pow(s[i] - t[i], 2);
    }
    Moments a = new Moments(m, diagonal(Arrays.stream(s).map(x -> x * x).toArray()));
    Moments b = new Moments(n, diagonal(Arrays.stream(t).map(x -> x * x).toArray()));
    assertEquals(expected, FrechetDistance.between(a, b), 1e-6, "seed " + seed);
  }

  /** In two dimensions the root's trace is sqrt(trace(CD) + 2 sqrt(det(CD))). */
  @Test
  void dependentNormalsInThePlaneHaveAClosedForm() {
    double[][] c = LinearAlgebra.gram(matrix(9, 2));
    double[][] d = LinearAlgebra.gram(matrix(9, 2));
    double[][] p = LinearAlgebra.product(c, d);
    double root = Math.sqrt(p[0][0] + p[1][1] + 2 * Math.sqrt(p[0][0] * p[1][1] - p[0][1] * p[1][0]));
    double expected = c[0][0] + c[1][1] + d[0][0] + d[1][1] - 2 * root;
    double[] mean = normal(2);
    assertEquals(
        expected, FrechetDistance.between(new Moments(mean, c), new Moments(mean, d)), 1e-9, "seed " + seed);
  }

  @Test
  void itIsSymmetricAndNothingFromItself() {
    Moments a = new Moments(normal(13), LinearAlgebra.gram(matrix(29, 13)));
    // Of fewer examples than dimensions: some eigenvalues are 0.
    Moments b = new Moments(normal(13), LinearAlgebra.gram(matrix(5, 13)));
    assertEquals(FrechetDistance.between(a, b), FrechetDistance.between(b, a), 1e-6, "seed " + seed);
    assertEquals(0, FrechetDistance.between(a, a), 1e-9, "seed " + seed);
    assertTrue(FrechetDistance.between(a, b) > 0);
  }

  @Test
  void momentsAreTheMeanAndTheCovariance() {
    Moments m = Moments.of(new float[]{1, 2, 3, 6, 5, 4}, 2);
    assertArrayEquals(new double[]{3, 4}, m.mean(), 1e-12);
    assertArrayEquals(new double[]{8 / 3.0, 4 / 3.0}, m.covariance()[0], 1e-12);
    assertArrayEquals(new double[]{4 / 3.0, 8 / 3.0}, m.covariance()[1], 1e-12);
  }

  @Test
  void theNearestPictureIsFoundAmongAll() {
    int size = 17;
    float[] pictures = new float[3 * size];
    float[] others = new float[33 * size];
    for (int i = 0; i < pictures.length; i++) {
      pictures[i] = (float) random.nextDouble();
    }
    for (int i = 0; i < others.length; i++) {
      others[i] = (float) random.nextDouble();
    }
    System.arraycopy(pictures, size, others, 20 * size, size);
    NearestPictures found = NearestPictures.of(pictures, others, size);
    assertEquals(20, found.index()[1]);
    assertEquals(0, found.distance()[1]);
    for (int i = 0; i < 3; i++) {
      double best = Double.POSITIVE_INFINITY;
      for (int o = 0; o < 33; o++) {
        double sum = 0;
        for (int k = 0; k < size; k++) {
          sum += Math.pow((double) pictures[i * size + k] - others[o * size + k], 2);
        }
        best = Math.min(best, Math.sqrt(sum));
      }
      assertEquals(best, found.distance()[i], 1e-5, "seed " + seed);
    }
  }
}
