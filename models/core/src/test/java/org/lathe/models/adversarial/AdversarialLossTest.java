package org.lathe.models.adversarial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.models.nn.Sequential;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

/** Losses against their closed forms, in the float64 oracle. */
class AdversarialLossTest {
  private static final int BATCH = 17;
  private final long seed = System.nanoTime();
  private final double[] real = new SplittableRandom(seed).doubles(BATCH, -4, 4).toArray();
  private final double[] fake = new SplittableRandom(seed + 1).doubles(BATCH, -4, 4).toArray();

  private record Found(double critic, double generator) {}

  private Found run(AdversarialLoss loss, double[] onReal, double[] onFake) {
    Field r = Field.floats("real", onReal.length, 1);
    Field f = Field.floats("fake", onFake.length, 1);
    Step step = Step.inference(
        "s", new Sequential(), List.of(r, f),
        c -> {
          c.report("critic", loss.critic(c.input("real"), c.input("fake")));
          c.report("generator", loss.generator(c.input("fake")));
        });
    OracleRun run = new OracleRun(step.trace(), 1);
    run.run(Map.of("real", Literal.of(r.type(), onReal), "fake", Literal.of(f.type(), onFake)));
    return new Found(run.report("critic")[0], run.report("generator")[0]);
  }

  private static double mean(double[] x, DoubleUnaryOperator of) {
    return Arrays.stream(x).map(of).average().orElseThrow();
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private void check(AdversarialLoss loss, double critic, double generator) {
    Found found = run(loss, real, fake);
    // Inputs are rounded to f32.
    assertEquals(critic, found.critic(), 1e-5, loss + ", seed " + seed);
    assertEquals(generator, found.generator(), 1e-5, loss + ", seed " + seed);
  }

  @Test
  void theOriginalGameIsOfLogarithmsOfProbabilities() {
    double critic = -mean(real, s -> Math.log(sigmoid(s))) - mean(fake, s -> Math.log(1 - sigmoid(s)));
    check(AdversarialLoss.SATURATING, critic, mean(fake, s -> Math.log(1 - sigmoid(s))));
    check(AdversarialLoss.NON_SATURATING, critic, -mean(fake, s -> Math.log(sigmoid(s))));
  }

  @Test
  void smoothedTargetsAreOnRealExamplesOnly() {
    double critic = -mean(real, s -> 0.9 * Math.log(sigmoid(s)) + 0.1 * Math.log(1 - sigmoid(s)))
        - mean(fake, s -> Math.log(1 - sigmoid(s)));
    check(AdversarialLoss.smoothed(0.9), critic, -mean(fake, s -> Math.log(sigmoid(s))));
    assertThrows(IllegalArgumentException.class, () -> AdversarialLoss.smoothed(0));
  }

  @Test
  void theOtherGamesAreOfScores() {
    check(
        AdversarialLoss.LEAST_SQUARES, 0.5 * mean(real, s -> (s - 1) * (s - 1)) + 0.5 * mean(fake, s -> s * s),
        0.5 * mean(fake, s -> (s - 1) * (s - 1)));
    check(AdversarialLoss.WASSERSTEIN, mean(fake, s -> s) - mean(real, s -> s), -mean(fake, s -> s));
    check(
        AdversarialLoss.HINGE, mean(real, s -> Math.max(0, 1 - s)) + mean(fake, s -> Math.max(0, 1 + s)),
        -mean(fake, s -> s));
  }

  /** Where log(1 - D) in probabilities would be the logarithm of 0. */
  @Test
  void scoresFarOutHaveFiniteLosses() {
    Found found = run(AdversarialLoss.SATURATING, new double[]{-1000}, new double[]{1000});
    assertEquals(2000, found.critic(), 1e-9);
    assertEquals(-1000, found.generator(), 1e-9);
  }
}
