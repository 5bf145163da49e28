package org.lathe.models.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.models.nn.Sequential;
import org.lathe.models.train.Field;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepGraph;

class LinearAlgebraTest {
  private final SplittableRandom random = new SplittableRandom(System.nanoTime());

  private double[][] matrix(int rows, int columns) {
    double[][] a = new double[rows][columns];
    for (double[] row : a) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    return a;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 13})
  void solutionsSolve(int n) {
    double[][] a = LinearAlgebra.gram(matrix(2 * n + 3, n));
    double[] x = matrix(1, n)[0];
    assertArrayEquals(x, LinearAlgebra.solve(a, LinearAlgebra.times(a, x)), 1e-8);
  }

  @Test
  void whatIsNotPositiveDefiniteIsRefused() {
    assertThrows(ArithmeticException.class,
        () -> LinearAlgebra.solve(new double[][]{{1, 2}, {2, 1}}, new double[]{1, 1}));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 13})
  void eigenvectorsAreTurnedIntoThemselves(int n) {
    double[][] a = LinearAlgebra.gram(matrix(2 * n + 3, n));
    LinearAlgebra.Eigen e = LinearAlgebra.eigen(a);
    LinearAlgebra.Eigen largest = LinearAlgebra.largest(a, Math.min(n, 3), 2000);
    for (int k = 0; k < n; k++) {
      double value = e.values()[k];
      double[] image = LinearAlgebra.times(a, e.vectors()[k]);
      assertArrayEquals(Arrays.stream(e.vectors()[k]).map(v -> v * value).toArray(), image, 1e-9);
      assertEquals(1, LinearAlgebra.norm(e.vectors()[k]), 1e-12);
      if (k < largest.values().length) {
        assertEquals(value, largest.values()[k], 1e-6 * e.values()[0]);
      }
    }
  }

  @Test
  void singularValueDecompositionsMultiplyToTheirMatrix() {
    for (int[] shape : new int[][]{{1, 1}, {3, 7}, {7, 3}, {5, 5}}) {
      double[][] a = matrix(shape[0], shape[1]);
      LinearAlgebra.Svd d = LinearAlgebra.svd(a);
      for (int r = 0; r < shape[0]; r++) {
        for (int c = 0; c < shape[1]; c++) {
          double sum = 0;
          for (int k = 0; k < d.s().length; k++) {
            sum += d.s()[k] * d.u()[k][r] * d.v()[k][c];
          }
          assertEquals(a[r][c], sum, 1e-7);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 13})
  void rootsMultiplyToTheirMatrix(int n) {
    // Of rank n - 1 at most, but for n = 1.
    double[][] a = LinearAlgebra.gram(matrix(Math.max(1, n - 1), n));
    double[][] root = LinearAlgebra.squareRoot(a);
    double[][] found = LinearAlgebra.product(root, root);
    for (int i = 0; i < n; i++) {
      assertArrayEquals(a[i], found[i], 1e-6);
      for (int j = 0; j < i; j++) {
        assertEquals(root[i][j], root[j][i], 1e-12);
      }
    }
  }

  @Test
  void tracedSolutionsAreCholeskys() {
    int batch = 3;
    int n = 6;
    double[][][] a = new double[batch][][];
    double[][] b = matrix(batch, n);
    List<Double> flatA = new ArrayList<>();
    for (int k = 0; k < batch; k++) {
      a[k] = LinearAlgebra.gram(matrix(20, n));
      Arrays.stream(a[k]).flatMapToDouble(Arrays::stream).forEach(flatA::add);
    }
    Step step = Step.inference(
        "solve", new Sequential(), List.of(Field.floats("a", batch, n, n), Field.floats("b", batch, n)),
        c -> c.report("x", LinearSystems.solve(c.input("a"), c.input("b"))));
    StepGraph g = step.trace();
    Map<String, Literal> inputs = Map.of(
        "a", Literal.of(TensorType.of(DType.F32, batch, n, n), flatA.stream().mapToDouble(x -> x).toArray()),
        "b",
        Literal.of(TensorType.of(DType.F32, batch, n), Arrays.stream(b).flatMapToDouble(Arrays::stream).toArray()));
    double[] found = Oracle.run(g.graph(), g.arguments(inputs, 1)).getFirst().toArray();
    for (int k = 0; k < batch; k++) {
      assertArrayEquals(
          LinearAlgebra.solve(a[k], b[k]), Arrays.copyOfRange(found, k * n, (k + 1) * n), 1e-3);
    }
  }
}
