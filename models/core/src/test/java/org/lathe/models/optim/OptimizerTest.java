package org.lathe.models.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

/** Each rule against the same rule written with plain doubles, over several steps of given gradients. */
class OptimizerTest {
  private static final int SIZE = 5;
  private static final int STEPS = 7;

  /** A weight [1, SIZE] and a bias [SIZE] whose gradients are inputs. */
  private static final class Weights extends Module {
    final Parameter w = parameter("w", Initializer.normal(1), 1, SIZE);
    final Parameter b = parameter("b", Initializer.normal(1), SIZE);
  }

  /** A rule for one number, called for t = 1, 2, ... */
  private interface Scalar {
    double update(double p, double g, double[] slots, int t);
  }

  private static void check(Optimizer optimizer, int slots, Scalar expected) {
    check(optimizer, slots, expected, expected);
  }

  private static void check(Optimizer optimizer, int slots, Scalar forWeight, Scalar forBias) {
    Weights model = new Weights();
    Step step = Step.training(
        "s",
        model,
        List.of(Field.floats("gw", 1, SIZE), Field.floats("gb", SIZE)),
        c -> c.minimize(
            model.w.tensor().mul(c.input("gw")).sum().add(model.b.tensor().mul(c.input("gb")).sum()),
            Group.of(model, optimizer)));
    OracleRun run = new OracleRun(step.trace(), 7);
    double[] w = run.get("w");
    double[] b = run.get("b");
    double[][] ws = new double[SIZE][slots];
    double[][] bs = new double[SIZE][slots];
    SplittableRandom random = new SplittableRandom(3);
    for (int t = 1; t <= STEPS; t++) {
      double[] gw = random.doubles(SIZE, -1, 1).toArray();
      double[] gb = random.doubles(SIZE, -1, 1).toArray();
      run.run(
          Map.of(
              "gw", Literal.of(TensorType.of(DType.F32, 1, SIZE), gw), "gb",
              Literal.of(TensorType.of(DType.F32, SIZE), gb)));
      for (int i = 0; i < SIZE; i++) {
        w[i] = forWeight.update(w[i], gw[i], ws[i], t);
        b[i] = forBias.update(b[i], gb[i], bs[i], t);
      }
      assertArrayEquals(w, run.get("w"), 1e-9, "weights after step " + t);
      assertArrayEquals(b, run.get("b"), 1e-9, "biases after step " + t);
    }
    assertEquals(STEPS, run.get("step.s")[1]);
  }

  @Test
  void gradientDescent() {
    check(new Sgd(0.1), 0, (p, g, s, t) -> p - 0.1 * g);
  }

  @Test
  void momentum() {
    check(
        new Sgd(0.1, 0.9),
        1,
        (p, g, s, t) -> {
          s[0] = 0.9 * s[0] + g;
          return p - 0.1 * s[0];
        });
  }

  @Test
  void nesterov() {
    check(
        new Sgd(Schedule.constant(0.1), 0.8, true),
        1,
        (p, g, s, t) -> {
          s[0] = 0.8 * s[0] + g;
          return p - 0.1 * (g + 0.8 * s[0]);
        });
  }

  @Test
  void adaGrad() {
    check(
        new AdaGrad(0.3),
        1,
        (p, g, s, t) -> {
          s[0] += g * g;
          return p - 0.3 * g / (Math.sqrt(s[0]) + 1e-10);
        });
  }

  @Test
  void rmsProp() {
    check(
        new RmsProp(Schedule.constant(0.02), 0.9, 1e-6),
        1,
        (p, g, s, t) -> {
          s[0] = 0.9 * s[0] + 0.1 * g * g;
          return p - 0.02 * g / (Math.sqrt(s[0]) + 1e-6);
        });
  }

  private static Scalar adam(double rate, double b1, double b2, double epsilon, double decay) {
    return (p, g, s, t) -> {
      s[0] = b1 * s[0] + (1 - b1) * g;
      s[1] = b2 * s[1] + (1 - b2) * g * g;
      double mean = s[0] / (1 - Math.pow(b1, t));
      double square = s[1] / (1 - Math.pow(b2, t));
      return p - rate * (mean / (Math.sqrt(square) + epsilon) + decay * p);
    };
  }

  @Test
  void adam() {
    check(new Adam(0.01), 2, adam(0.01, 0.9, 0.999, 1e-8, 0));
    check(new Adam(0.01).withBetas(0, 0.9), 2, adam(0.01, 0, 0.9, 1e-8, 0));
  }

  @Test
  void adamWDecaysMatricesOnly() {
    check(
        new Adam(0.01).withBetas(0.5, 0.99).withWeightDecay(0.1),
        2,
        adam(0.01, 0.5, 0.99, 1e-8, 0.1),
        adam(0.01, 0.5, 0.99, 1e-8, 0));
  }

  @Test
  void impossibleNumbersAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Sgd(0.1, 1));
    assertThrows(IllegalArgumentException.class, () -> new Sgd(Schedule.constant(0.1), 0, true));
    assertThrows(IllegalArgumentException.class, () -> new Adam(0.1).withBetas(0.9, 1));
    assertThrows(IllegalArgumentException.class, () -> Schedule.cosine(1, 0, 0));
  }

  private static void schedule(Schedule schedule, DoubleUnaryOperator expected) {
    Weights model = new Weights();
    Step step = Step.training("s", model, List.of(), c -> c.report("rate", schedule.at(c.stepNumber())));
    OracleRun run = new OracleRun(step.trace(), 1);
    for (int t = 0; t < 50; t++) {
      run.run(Map.of());
      assertEquals(expected.applyAsDouble(t), run.report("rate")[0], 1e-9, "step " + t);
    }
  }

  @Test
  void schedules() {
    schedule(Schedule.constant(0.3), t -> 0.3);
    schedule(Schedule.step(0.5, 0.1, 8), t -> 0.5 * Math.pow(0.1, Math.floor(t / 8)));
    schedule(Schedule.exponential(0.5, 0.1, 8), t -> 0.5 * Math.pow(0.1, t / 8));
    schedule(
        Schedule.cosine(1, 0.1, 30), t -> 0.1 + 0.9 * (1 + Math.cos(Math.PI * Math.min(1, t / 30))) / 2);
    schedule(Schedule.constant(2).warmedUp(10), t -> 2 * Math.min(1, (t + 1) / 10));
    schedule(
        Schedule.inverseSquareRoot(2, 64, 10),
        t -> 2 / 8.0 * Math.min(1 / Math.sqrt(t + 1), (t + 1) * Math.pow(10, -1.5)));
  }

  private static double[] clipped(Clipping clipping, double[] gw, double[] gb) {
    Weights model = new Weights();
    Step step = Step.training(
        "s",
        model,
        List.of(Field.floats("gw", 1, SIZE), Field.floats("gb", SIZE)),
        c -> {
          List<Tensor> g = clipping.apply(List.of(c.input("gw"), c.input("gb")));
          c.report("gw", g.get(0));
          c.report("gb", g.get(1));
        });
    OracleRun run = new OracleRun(step.trace(), 1);
    run.run(
        Map.of("gw", Literal.of(TensorType.of(DType.F32, 1, SIZE), gw), "gb",
            Literal.of(TensorType.of(DType.F32, SIZE), gb)));
    double[] both = new double[2 * SIZE];
    System.arraycopy(run.report("gw"), 0, both, 0, SIZE);
    System.arraycopy(run.report("gb"), 0, both, SIZE, SIZE);
    return both;
  }

  @Test
  void clippingByValue() {
    assertArrayEquals(
        new double[]{-0.5, 0.5, 0.1, 0, -0.2, 0.5, 0.5, -0.5, 0.3, 0},
        clipped(Clipping.byValue(0.5), new double[]{-1, 1, 0.1, 0, -0.2}, new double[]{9, 0.5, -0.6, 0.3, 0}),
        1e-12);
  }

  @Test
  void clippingByGlobalNormKeepsTheDirection() {
    double[] g = {3, 0, 0, 0, 0, 4, 0, 0, 0, 0};
    double[] gw = {3, 0, 0, 0, 0};
    double[] gb = {4, 0, 0, 0, 0};
    assertArrayEquals(g, clipped(Clipping.byGlobalNorm(6), gw, gb), 1e-12);
    double[] half = clipped(Clipping.byGlobalNorm(2.5), gw, gb);
    assertEquals(1.5, half[0], 1e-12);
    assertEquals(2.0, half[5], 1e-12);
    assertArrayEquals(new double[10], clipped(Clipping.byGlobalNorm(2.5), new double[5], new double[5]), 0);
  }

  @Test
  void penaltiesFallOnMatricesOnly() {
    Weights model = new Weights();
    for (boolean squares : new boolean[]{false, true}) {
      Regularizer penalty = squares ? Regularizer.l2(0.3) : Regularizer.l1(0.3);
      Step step = Step.training(
          "s",
          model,
          List.of(),
          c -> c.minimize(model.b.tensor().sum(), Group.of(model, new Sgd(1)).regularized(penalty)));
      OracleRun run = new OracleRun(step.trace(), 1);
      double[] w = run.get("w");
      double[] b = run.get("b");
      run.run(Map.of());
      for (int i = 0; i < SIZE; i++) {
        assertEquals(w[i] - 0.3 * (squares ? 2 * w[i] : Math.signum(w[i])), run.get("w")[i], 1e-9);
        assertEquals(b[i] - 1, run.get("b")[i], 1e-9);
      }
    }
  }
}
