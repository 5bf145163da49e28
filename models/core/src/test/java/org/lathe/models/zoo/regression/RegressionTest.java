package org.lathe.models.zoo.regression;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.models.nn.Dropout;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Sequential;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.LeastSquares;

class RegressionTest {
  private static Lathe lathe;

  @TempDir
  private Path directory;

  private final RandomGenerator random = new SplittableRandom(System.nanoTime());

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  private TrainResult train(String name) throws IOException {
    ZooModel model = Zoo.find(name).orElseThrow();
    return model.train(new TrainRequest(lathe, 1, null, null, directory, null, TrainingListener.NONE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"linear-regression", "polynomial-regression", "deep-linear"})
  void smallModelsReachTheirBars(String name) throws IOException {
    TrainResult result = train(name);
    assertTrue(result.passed(), result.toString());
  }

  /** The bars of deeper models mean something: 0.96 is the lowest of them. */
  @Test
  void aLinearModelDoesNotReachTheBarsOfDeeperOnes() throws IOException {
    TrainResult result = train("softmax-regression");
    assertTrue(result.passed() && result.value() < 0.95, result.toString());
    assertTrue(Files.readString(directory.resolve("confusion.txt")).contains("accuracy"));
  }

  @Test
  void aKilledRunEndsAsAnUnbrokenOne() throws IOException {
    ResumeCheck.check(Zoo.find("ensemble").orElseThrow(), lathe, directory, 2, 31 + random.nextInt(29));
  }

  /** Ridge and lasso stand where no small change of a weight lowers what they minimise. */
  @Test
  void closedFormsAreMinima() {
    int n = 40;
    double[][] x = new double[n][5];
    double[] y = new double[n];
    for (int i = 0; i < n; i++) {
      Arrays.setAll(x[i], k -> random.nextGaussian());
      y[i] = 2 * x[i][0] - x[i][3] + random.nextGaussian();
    }
    for (boolean lasso : new boolean[]{false, true}) {
      double[] best = lasso ? LeastSquares.lasso(x, y, 0.5) : LeastSquares.ridge(x, y, 0.5);
      double least = objective(x, y, best, lasso);
      for (int k = 0; k < best.length; k++) {
        for (double step : new double[]{-1e-3, 1e-3}) {
          double[] other = best.clone();
          other[k] += step;
          assertTrue(objective(x, y, other, lasso) >= least);
        }
      }
    }
  }

  private static double objective(double[][] x, double[] y, double[] w, boolean lasso) {
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      double error = w[w.length - 1] - y[i];
      for (int k = 0; k < x[i].length; k++) {
        error += w[k] * x[i][k];
      }
      sum += error * error / y.length;
    }
    for (int k = 0; k < w.length - 1; k++) {
      sum += 0.5 * (lasso ? Math.abs(w[k]) : w[k] * w[k]);
    }
    return sum;
  }

  @Test
  void legendrePolynomialsAreOrthonormal() {
    int points = 4001;
    int degree = 6;
    double[] x = new double[points];
    Arrays.setAll(x, i -> (float) (-1 + 2.0 * i / (points - 1)));
    OracleRun run = new OracleRun(
        Step.inference(
            "legendre", new Sequential(), List.of(Field.floats("x", points, 1)),
            c -> c.report("p", PolynomialRegressionModel.legendre(c.input("x"), degree))).trace(),
        1);
    run.run(Map.of("x", Literal.of(TensorType.of(DType.F32, points, 1), x)));
    double[] p = run.report("p");
    for (int a = 0; a <= degree; a++) {
      for (int b = 0; b <= a; b++) {
        double sum = 0;
        for (int i = 0; i < points; i++) {
          double weight = i == 0 || i == points - 1 ? 0.5 : 1;
          sum += weight * p[i * (degree + 1) + a] * p[i * (degree + 1) + b] / (points - 1);
        }
        assertEquals(a == b ? 1 : 0, sum, 1e-4);
      }
    }
  }

  /** One mode, balanced: gradient descent against the paper's solution of the continuous-time equations. */
  @Test
  void aModeOfADeepLinearNetworkFollowsItsClosedForm() {
    double strength = 2.5;
    double first = 0.01;
    Linear in = new Linear(1, 1, Initializer.constant(Math.sqrt(first)), null);
    Linear out = new Linear(1, 1, Initializer.constant(Math.sqrt(first)), null);
    Sequential net = new Sequential(in, out);
    OracleRun run = new OracleRun(
        Step.training(
            "train", net, List.of(Field.floats("x", 1, 1), Field.floats("y", 1, 1)),
            c -> c.minimize(
                LossOps.squaredError(net.apply(c.input("x")), c.input("y")).sum().mul(0.5),
                Group.of(net, new Sgd(DeepLinearModel.RATE / 10))))
            .trace(),
        1);
    Map<String, Literal> batch = Map.of(
        "x", Literal.of(TensorType.of(DType.F32, 1, 1), 1), "y", Literal.of(TensorType.of(DType.F32, 1, 1), strength));
    for (int t = 1; t <= 1500; t++) {
      run.run(batch);
      double mode = run.get("0.weight")[0] * run.get("1.weight")[0];
      assertEquals(DeepLinearModel.predicted(strength, first, t / 10.0), mode, 0.02 * strength);
    }
  }

  @Test
  void anItemHasTheAttributesOfTheNodesAboveIt() {
    float[] y = DeepLinearModel.attributes();
    assertArrayEquals(
        new float[]{1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0}, Arrays.copyOfRange(y, 4 * 15, 5 * 15));
  }

  /** Of a linear unit the mean over all masks is what test time computes, as every mask is enumerated here. */
  @Test
  void dropoutsScalingGivesTheMeanOverAllMasks() {
    int n = 8;
    double[] w = new double[n];
    double[] x = new double[n];
    Arrays.setAll(w, i -> random.nextGaussian());
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    double rate = 0.25;
    double mean = 0;
    for (int mask = 0; mask < 1 << n; mask++) {
      double probability = 1;
      double sum = 0;
      for (int i = 0; i < n; i++) {
        boolean kept = (mask >> i & 1) == 1;
        probability *= kept ? 1 - rate : rate;
        sum += kept ? w[i] * x[i] / (1 - rate) : 0;
      }
      mean += probability * sum;
    }
    Dropout dropout = new Dropout(rate);
    Linear layer = new Linear(n, 1, Initializer.ZEROS, null);
    OracleRun run = new OracleRun(
        Step.inference(
            "predict", layer, List.of(Field.floats("x", 1, n)),
            c -> {
              Tensor y = layer.apply(dropout.apply(c.input("x")));
              c.report("y", y);
            }).trace(),
        1);
    run.set("weight", w);
    run.run(Map.of("x", Literal.of(TensorType.of(DType.F32, 1, n), x)));
    assertEquals(mean, run.report("y")[0], 1e-6);
  }
}
