package org.lathe.models.nets;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.models.nets.CouplingFlow.Kind;
import org.lathe.models.nets.CouplingFlow.Prior;
import org.lathe.models.nn.Coupling;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

/** In the float64 oracle. */
class CouplingFlowTest {
  private static final long SEED = new Random().nextLong();

  static Stream<CouplingFlow.Options> flows() {
    return Stream.of(
        new CouplingFlow.Options(Kind.ADDITIVE, Prior.LOGISTIC, 2, 4, List.of(7L)),
        new CouplingFlow.Options(Kind.AFFINE, Prior.NORMAL, 2, 4, List.of(7L, 5L)),
        new CouplingFlow.Options(Kind.ADDITIVE, Prior.NORMAL, 5, 3, List.of(6L)),
        new CouplingFlow.Options(Kind.AFFINE, Prior.LOGISTIC, 5, 5, List.of(6L)));
  }

  private static Step step(CouplingFlow.Options options, int batch) {
    CouplingFlow flow = new CouplingFlow(options);
    return Step.inference(
        "s", flow, List.of(Field.floats("x", batch, options.dimensions())),
        c -> {
          Coupling.Mapped m = flow.toPrior(c.input("x"));
          c.report("z", m.values());
          c.report("log_determinant", m.logDeterminant());
          c.report("jacobian", flow.jacobian(c.input("x")));
          c.report("back", flow.fromPrior(m.values()));
          c.report("forth", flow.toPrior(flow.fromPrior(c.input("x"))).values());
          c.report("log_likelihood", flow.logLikelihood(c.input("x")));
        });
  }

  private static OracleRun run(CouplingFlow.Options options, double[] x) {
    Step step = step(options, x.length / (int) options.dimensions());
    OracleRun run = new OracleRun(step.trace(), 3);
    step.model().parameters().keySet().forEach(name -> {
      SplittableRandom random = new SplittableRandom(name.hashCode());
      run.set(name, Arrays.stream(run.get(name)).map(v -> v + 0.3 * random.nextGaussian()).toArray());
    });
    run.run(Map.of("x", Literal.of(step.inputs().getFirst().type(), x)));
    return run;
  }

  private static double[] random(int count) {
    SplittableRandom random = new SplittableRandom(SEED);
    return random.doubles(count).map(u -> (float) (4 * u - 2)).toArray();
  }

  @ParameterizedTest
  @MethodSource("flows")
  void invertsBothWays(CouplingFlow.Options options) {
    double[] x = random(13 * (int) options.dimensions());
    OracleRun run = run(options, x);
    assertArrayEquals(x, run.report("back"), 1e-10, "seed " + SEED);
    assertArrayEquals(x, run.report("forth"), 1e-10, "seed " + SEED);
  }

  /** The Jacobian by automatic differentiation and by differences; its determinant by elimination. */
  @ParameterizedTest
  @MethodSource("flows")
  void theLogDeterminantIsTheJacobians(CouplingFlow.Options options) {
    int n = (int) options.dimensions();
    double[] x = random(7 * n);
    OracleRun run = run(options, x);
    double[] jacobian = run.report("jacobian");
    double[] z = run.report("z");
    double[] logDeterminant = run.report("log_determinant");
    for (int b = 0; b < 7; b++) {
      double[][] matrix = new double[n][];
      for (int i = 0; i < n; i++) {
        matrix[i] = Arrays.copyOfRange(jacobian, (b * n + i) * n, (b * n + i + 1) * n);
      }
      assertEquals(logDeterminant[b], logDeterminant(matrix), 1e-9, "seed " + SEED);
    }
    double step = 1.0 / (1 << 20);
    for (int j = 0; j < n; j++) {
      double[] moved = x.clone();
      for (int b = 0; b < 7; b++) {
        moved[b * n + j] += step;
      }
      double[] after = run(options, moved).report("z");
      for (int b = 0; b < 7; b++) {
        for (int i = 0; i < n; i++) {
          double slope = (after[b * n + i] - z[b * n + i]) / step;
          assertEquals(slope, jacobian[(b * n + i) * n + j], 1e-3 * Math.max(1, Math.abs(slope)), "seed " + SEED);
        }
      }
    }
  }

  private static double logDeterminant(double[][] a) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      int pivot = k;
      for (int i = k; i < a.length; i++) {
        pivot = Math.abs(a[i][k]) > Math.abs(a[pivot][k]) ? i : pivot;
      }
      double[] row = a[pivot];
      a[pivot] = a[k];
      a[k] = row;
      sum += Math.log(Math.abs(row[k]));
      for (int i = k + 1; i < a.length; i++) {
        double factor = a[i][k] / row[k];
        for (int j = k; j < a.length; j++) {
          a[i][j] -= factor * row[j];
        }
      }
    }
    return sum;
  }

  /** A density: over a grid that holds nearly all of it, it sums to one. */
  @Test
  void likelihoodsIntegrateToOne() {
    for (CouplingFlow.Options options : flows().filter(o -> o.dimensions() == 2).toList()) {
      int side = 160;
      double from = -24;
      double cell = 48.0 / side;
      double[] x = new double[2 * side * side];
      for (int i = 0; i < side * side; i++) {
        x[2 * i] = from + cell * (i % side + 0.5);
        x[2 * i + 1] = from + cell * (i / side + 0.5);
      }
      double sum = Arrays.stream(run(options, x).report("log_likelihood")).map(Math::exp).sum() * cell * cell;
      assertEquals(1, sum, 0.02, options.toString());
    }
  }

  @Test
  void thePriorsDrawWhatTheySay() {
    SplittableRandom random = new SplittableRandom(SEED);
    int count = 200_000;
    double[] logistic = Stream.generate(() -> Prior.LOGISTIC.draw(random)).limit(count).mapToDouble(v -> v).toArray();
    double variance = Arrays.stream(logistic).map(v -> v * v).sum() / count;
    assertEquals(Math.PI * Math.PI / 3, variance, 0.1, "seed " + SEED);
    double normal = Stream.generate(() -> Prior.NORMAL.draw(random)).limit(count).mapToDouble(v -> v * v).sum() / count;
    assertEquals(1, normal, 0.03, "seed " + SEED);
    assertTrue(Arrays.stream(logistic).allMatch(Double::isFinite));
  }

  @Test
  void refusesOneDimension() {
    assertThrows(IllegalArgumentException.class, () -> Coupling.additive(1, 0, x -> x));
  }
}
