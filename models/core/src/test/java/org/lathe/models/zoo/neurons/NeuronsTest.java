package org.lathe.models.zoo.neurons;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.models.data.Column;
import org.lathe.models.data.Digits;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;

/** Learning rules against plain loops in float64, and the small models' whole trainings. */
class NeuronsTest {
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

  private static Literal floats(double[] values, long... shape) {
    return Literal.of(TensorType.of(DType.F32, shape), values);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mcp", "perceptron", "som", "gmdh"})
  void smallModelsReachTheirBars(String name) throws IOException {
    ZooModel model = Zoo.find(name).orElseThrow();
    TrainResult result = model.train(new TrainRequest(lathe, 1, null, null, directory, null, TrainingListener.NONE));
    assertTrue(result.passed(), result.toString());
  }

  @Test
  void aKilledRunEndsAsAnUnbrokenOne() throws IOException {
    ResumeCheck.check(Zoo.find("som").orElseThrow(), lathe, directory, 3, 51 + random.nextInt(99));
  }

  @Test
  void fourteenOfSixteenTablesAreThresholdFunctions() {
    Step search = new McpModel().blueprint(4).training().get(1);
    OracleRun run = new OracleRun(search.trace(), 1);
    double[] x = new double[8];
    float[] cases = LogicGate.inputs(0);
    Arrays.setAll(x, i -> cases[i]);
    run.run(Map.of("x", floats(x, 4, 2)));
    int[] expected = new int[McpModel.TABLES];
    for (int a = -3; a <= 3; a++) {
      for (int b = -3; b <= 3; b++) {
        for (int t = -3; t <= 3; t++) {
          int table = 0;
          for (int i = 0; i < 4; i++) {
            table |= a * (i >> 1) + b * (i & 1) >= t ? 1 << i : 0;
          }
          expected[table]++;
        }
      }
    }
    assertArrayEquals(Arrays.stream(expected).asDoubleStream().toArray(), run.report("units"));
    assertEquals(14, Arrays.stream(expected).filter(n -> n > 0).count());
    assertEquals(0, expected[LogicGate.XOR.code()]);
  }

  /** Novikoff 1962: on points of norm at most R that a unit vector separates by g, at most (R/g)^2 mistakes. */
  @Test
  void aPerceptronMakesNoMoreMistakesThanNovikoffAllows() {
    int examples = 17;
    double[] teacher = {0.6, -0.5, 0.3, Math.sqrt(1 - 0.36 - 0.25 - 0.09)};
    double[] x = new double[3 * examples];
    double[] y = new double[examples];
    double radius = 0;
    double margin = Double.POSITIVE_INFINITY;
    for (int i = 0; i < examples;) {
      double field = teacher[3];
      double square = 1;
      for (int k = 0; k < 3; k++) {
        x[3 * i + k] = (float) (2 * random.nextDouble() - 1);
        field += teacher[k] * x[3 * i + k];
        square += x[3 * i + k] * x[3 * i + k];
      }
      if (Math.abs(field) > 0.1) {
        y[i++] = Math.signum(field);
        margin = Math.min(margin, Math.abs(field));
        radius = Math.max(radius, Math.sqrt(square));
      }
    }
    Perceptron unit = new Perceptron(3, 1);
    Step step = Step.rule(
        "learn", unit, List.of(Field.floats("x", examples, 3), Field.floats("y", examples, 1)), "the perceptron rule",
        c -> c.report("wrong", unit.learn(c, c.input("x"), c.input("y"))));
    OracleRun run = new OracleRun(step.trace(), 1);
    double[] w = new double[4];
    double mistakes = 0;
    double wrong;
    do {
      run.run(Map.of("x", floats(x, examples, 3), "y", floats(y, examples, 1)));
      wrong = run.report("wrong")[0];
      mistakes += wrong;
      for (int i = 0; i < examples; i++) {
        double field = w[3] + w[0] * x[3 * i] + w[1] * x[3 * i + 1] + w[2] * x[3 * i + 2];
        double change = (y[i] - (field >= 0 ? 1 : -1)) / 2;
        for (int k = 0; k < 3; k++) {
          w[k] += change * x[3 * i + k];
        }
        w[3] += change;
      }
      assertArrayEquals(w, run.get("weight"), 1e-9);
    } while (wrong > 0);
    assertTrue(mistakes <= Math.pow(radius / margin, 2), mistakes + " mistakes");
  }

  @Test
  void hopfieldUpdatesFollowTheirFields() {
    int n = 13;
    int batch = 3;
    int updates = 4 * n;
    Hopfield net = new Hopfield(n);
    double[] patterns = signs(2 * n);
    double[] states = signs(batch * n);
    double[] order = new double[updates];
    Arrays.setAll(order, i -> random.nextInt(n));
    OracleRun store = new OracleRun(
        Step.rule("store", net, List.of(Field.floats("x", 2, n)), "Hebb", c -> net.store(c, c.input("x"))).trace(), 1);
    store.run(Map.of("x", floats(patterns, 2, n)));
    double[] w = store.get("weight");
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double expected = i == j ? 0 : patterns[i] * patterns[j] + patterns[n + i] * patterns[n + j];
        assertEquals(expected, w[i * n + j]);
      }
    }
    OracleRun recall = new OracleRun(
        Step.inference(
            "recall", net, List.of(Field.floats("x", batch, n), Field.ints("order", updates)),
            c -> {
              Hopfield.Relaxed r = net.relax(c.input("x"), c.input("order"));
              c.report("states", r.states());
              c.report("energies", r.energies());
            }).trace(),
        1);
    recall.set("weight", w);
    recall.run(
        Map.of("x", floats(states, batch, n), "order", Literal.of(TensorType.of(DType.I32, updates), order)));
    double[] energies = recall.report("energies");
    for (int b = 0; b < batch; b++) {
      double[] s = Arrays.copyOfRange(states, b * n, (b + 1) * n);
      double last = energy(w, s);
      for (int t = 0; t < updates; t++) {
        int unit = (int) order[t];
        double field = 0;
        for (int j = 0; j < n; j++) {
          field += w[unit * n + j] * s[j];
        }
        s[unit] = field == 0 ? s[unit] : Math.signum(field);
        assertEquals(energy(w, s), energies[t * batch + b], 1e-9);
        assertTrue(energies[t * batch + b] <= last);
        last = energies[t * batch + b];
      }
      assertArrayEquals(s, Arrays.copyOfRange(recall.report("states"), b * n, (b + 1) * n));
    }
  }

  private double[] signs(int count) {
    double[] s = new double[count];
    Arrays.setAll(s, i -> random.nextBoolean() ? 1 : -1);
    return s;
  }

  private static double energy(double[] w, double[] s) {
    double sum = 0;
    for (int i = 0; i < s.length; i++) {
      for (int j = 0; j < s.length; j++) {
        sum += s[i] * w[i * s.length + j] * s[j];
      }
    }
    return -sum / 2 / s.length;
  }

  @Test
  void ojasRuleIsItsFormula() {
    Step step = new HebbModel().checkBlueprint().training().getFirst();
    OracleRun run = new OracleRun(step.trace(), 9);
    double[] w = run.get("weight");
    double[] x = new double[5 * 13];
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    run.run(Map.of("x", floats(x, 5, 13)));
    for (int e = 0; e < 5; e++) {
      double y = 0;
      for (int i = 0; i < 13; i++) {
        y += w[i] * x[e * 13 + i];
      }
      for (int i = 0; i < 13; i++) {
        w[i] += 0.02 * y * (x[e * 13 + i] - y * w[i]);
      }
    }
    assertArrayEquals(w, run.get("weight"), 1e-9);
  }

  @Test
  void aShiftedPictureIsTheSameElsewhere() {
    var digits = Digits.generate(3, 5);
    var there = NeocognitronModel.shifted(digits, 2, -3);
    float[] from = ((Column.Floats) digits.column("image")).data();
    float[] to = ((Column.Floats) there.column("image")).data();
    for (int y = 3; y < 28; y++) {
      for (int x = 0; x < 26; x++) {
        assertEquals(from[28 * 28 + y * 28 + x], to[28 * 28 + (y - 3) * 28 + x + 2]);
      }
    }
  }
}
