package org.lathe.models.adversarial;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.adversarial.CriticConstraint.GradientPenalty;
import org.lathe.models.adversarial.CriticConstraint.WeightClipping;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.GradientCheck;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.StepGraph;

class GameTest {
  private static final int BATCH = 3;
  private static final int WIDTH = 5;
  private final long seed = System.nanoTime();

  /** Examples are given, made ones are a matrix times other given ones: nothing is left to chance. */
  private static final class Given extends Module implements Contest {
    final Linear generator = child("generator", new Linear(WIDTH, WIDTH));
    final Linear critic = child("critic", new Linear(WIDTH, 4));
    final Linear last = child("last", new Linear(4, 1));
    final boolean apart;

    Given(boolean apart) {
      this.apart = apart;
    }

    @Override
    public Module model() {
      return this;
    }

    @Override
    public Module generator() {
      return generator;
    }

    @Override
    public Module critic() {
      return critic;
    }

    @Override
    public List<Field> criticFields() {
      return List.of(Field.floats("x", BATCH, WIDTH), Field.floats("z", BATCH, WIDTH));
    }

    @Override
    public List<Field> generatorFields() {
      return List.of(Field.floats("z", BATCH, WIDTH));
    }

    @Override
    public Sample real(StepContext c) {
      return Sample.of(c.input("x"));
    }

    @Override
    public Sample fake(StepContext c) {
      return Sample.of(generator.apply(c.input("z")));
    }

    @Override
    public Tensor judge(Sample sample) {
      return last.apply(critic.apply(sample.x()).tanh());
    }

    @Override
    public boolean judgesByBatch() {
      return apart;
    }
  }

  private static Game game() {
    return Game.of(AdversarialLoss.WASSERSTEIN, new Sgd(0.5), new Sgd(0.5));
  }

  private Map<String, Literal> batch() {
    return Map.of("x", values(seed), "z", values(seed + 1));
  }

  private static Literal values(long s) {
    return Literal.of(Field.floats("x", BATCH, WIDTH).type(),
        new SplittableRandom(s).doubles(BATCH * WIDTH, -1, 1).map(v -> (float) v).toArray());
  }

  private OracleRun run(Step step) {
    OracleRun run = new OracleRun(step.trace(), 3);
    run.run(batch());
    return run;
  }

  @Test
  void eachStepTrainsItsOwnNetwork() {
    List<Step> steps = game().steps(new Given(false));
    assertEquals(List.of(Game.CRITIC, Game.GENERATOR), steps.stream().map(Step::name).toList());
    for (Step step : steps) {
      OracleRun run = new OracleRun(step.trace(), 3);
      double[] critic = run.get("critic.weight");
      double[] generator = run.get("generator.weight");
      run.run(batch());
      assertEquals(step.name().equals(Game.CRITIC), !Arrays.equals(critic, run.get("critic.weight")));
      assertEquals(step.name().equals(Game.GENERATOR), !Arrays.equals(generator, run.get("generator.weight")));
    }
  }

  @Test
  void judgingTogetherIsJudgingApart() {
    OracleRun together = run(game().steps(new Given(false)).getFirst());
    OracleRun apart = run(game().steps(new Given(true)).getFirst());
    assertEquals(apart.report("loss")[0], together.report("loss")[0], 1e-12, "seed " + seed);
    assertArrayEquals(apart.get("critic.weight"), together.get("critic.weight"), 1e-7, "seed " + seed);
  }

  @Test
  void clippedWeightsLieWithinTheLimit() {
    OracleRun run = run(game().constrained(new WeightClipping(0.01)).steps(new Given(false)).getFirst());
    assertEquals(0.01, Arrays.stream(run.get("critic.weight")).map(Math::abs).max().orElseThrow(), 1e-8);
    assertTrue(Arrays.stream(run.get("last.weight")).map(Math::abs).max().orElseThrow() > 0.01, "of the group only");
    assertThrows(IllegalArgumentException.class, () -> new WeightClipping(0));
  }

  /** The penalty itself: the slope at each point by finite differences of the score. */
  @Test
  void thePenaltyIsOfTheSlopeAtPointsBetween() {
    Given net = new Given(false);
    double target = 0.7;
    Step step = Step.training(
        "s", net, net.criticFields(),
        c -> {
          Tensor zero = c.input("x").sum().mul(0);
          // Of equal examples every point between is the same, so that the point is known.
          Sample x = net.real(c);
          c.report("penalty", new GradientPenalty(3, target).addTo(zero, net::judge, x, x));
        });
    OracleRun run = run(step);
    double expected = 0;
    for (int i = 0; i < BATCH; i++) {
      double squares = 0;
      for (int k = 0; k < WIDTH; k++) {
        double slope = (score(net, i, k, 1e-3) - score(net, i, k, -1e-3)) / 2e-3;
        squares += slope * slope;
      }
      expected += 3 * Math.pow(Math.sqrt(squares) - target, 2) / BATCH;
    }
    assertEquals(expected, run.report("penalty")[0], 1e-5 * expected + 1e-7, "seed " + seed);
  }

  private double score(Given net, int example, int axis, double by) {
    Step step = Step.inference("s", net, net.criticFields(), c -> c.report("y", net.judge(net.real(c))));
    OracleRun run = new OracleRun(step.trace(), 3);
    double[] x = values(seed).toArray();
    x[example * WIDTH + axis] += by;
    run.run(Map.of("x", Literal.of(values(seed).type(), x), "z", values(seed)));
    return run.report("y")[example];
  }

  /** The penalty's own gradient, of second order. */
  @Test
  void thePenaltysGradientIsThatOfFiniteDifferences() {
    for (boolean apart : List.of(false, true)) {
      StepGraph g = game().constrained(new GradientPenalty(10)).steps(new Given(apart)).getFirst().traceGradients();
      GradientCheck.run(g, g.arguments(batch(), seed), seed).forEach(r -> assertTrue(r.passed(), r + ", seed " + seed));
    }
  }

  @Test
  void instanceNoiseFallsToNothing() {
    InstanceNoise noise = new InstanceNoise(2, 3);
    Field x = Field.floats("x", 2000);
    Step step = Step.training(
        "s", new Given(false), List.of(x),
        c -> c.report("y", noise.addTo(c.input("x"), c.stepNumber())));
    OracleRun run = new OracleRun(step.trace(), 5);
    double[] last = null;
    for (int i = 0; i < 5; i++) {
      run.run(Map.of("x", Literal.splat(x.type(), 4)));
      double[] y = run.report("y");
      double deviation = Math.sqrt(Arrays.stream(y).map(v -> (v - 4) * (v - 4)).average().orElseThrow());
      assertEquals(Math.max(0, 2 - 2.0 * i / 3), deviation, 0.1);
      assertNotEquals(Arrays.toString(last), Arrays.toString(i < 4 ? y : null));
      last = y;
    }
    assertThrows(IllegalArgumentException.class, () -> new InstanceNoise(-1, 3));
    assertThrows(IllegalArgumentException.class, () -> new Alternation(0, 1));
  }

  @Test
  void noNoiseDrawsNothing() {
    Step step = Step.training(
        "s", new Given(false), List.of(Field.floats("x", 2)),
        c -> c.report("y", InstanceNoise.NONE.addTo(c.input("x"), c.stepNumber())));
    OracleRun run = new OracleRun(step.trace(), 5);
    run.run(Map.of("x", Literal.of(Field.floats("x", 2).type(), 3, 4)));
    assertArrayEquals(new double[]{3, 4}, run.report("y"));
  }

  @Test
  void aSampleWithoutConditionSaysSo() {
    Step step = Step.inference(
        "s", new Given(false), List.of(Field.floats("x", 2)), c -> c.report("y", Sample.of(c.input("x")).asked()));
    assertThrows(IllegalStateException.class, step::trace);
    assertThrows(IllegalStateException.class, Forward::current);
  }
}
