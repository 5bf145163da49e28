package org.lathe.models.zoo.adversarial;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.AdversarialTask;
import org.lathe.models.adversarial.Alternation;
import org.lathe.models.adversarial.CriticConstraint.GradientPenalty;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.InstanceNoise;
import org.lathe.models.data.Column;
import org.lathe.models.data.Digits;
import org.lathe.models.data.Points;
import org.lathe.models.optim.Adam;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingListener;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.model.RequestException;

class AdversarialTest {
  @TempDir
  Path directory;

  @Test
  void realPointsAreGoodAndOfAllModes() {
    float[] points = ((Column.Floats) Points.ring(4096, 3).column("x")).data();
    RingQuality quality = RingQuality.of(points);
    assertTrue(quality.good() > 0.998, quality.toString());
    assertEquals(Points.RING_MODES, quality.modes());
  }

  @Test
  void modesCountFromAFifthOfTheirDue() {
    float[] points = new float[2 * 80];
    for (int i = 0; i < 80; i++) {
      // Mode 1 has one point of its due ten, mode 2 two, mode 3 the rest; points at the origin are of none.
      int mode = i < 1 ? 1 : i < 3 ? 2 : 3;
      points[2 * i] = i < 40 ? (float) Points.ringMean(mode)[0] : 0;
      points[2 * i + 1] = i < 40 ? (float) Points.ringMean(mode)[1] : 0;
    }
    assertEquals(new RingQuality(0.5, 2), RingQuality.of(points));
    assertEquals(0, RingQuality.of(new float[]{9, 9}).modes());
  }

  @Test
  void theBestAssignmentIsTheBestOfAllPermutations() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int n = 1; n <= 5; n++) {
      long[][] counts = new long[n][n];
      for (long[] row : counts) {
        Arrays.setAll(row, k -> random.nextInt(20));
      }
      Assignment best = Assignment.best(counts);
      assertEquals(most(counts, 0, 0), best.agreed(), "seed " + seed);
      assertEquals(n, Arrays.stream(best.classOf()).distinct().count());
      long sum = 0;
      for (int code = 0; code < n; code++) {
        sum += counts[code][best.classOf()[code]];
      }
      assertEquals(best.agreed(), sum, "seed " + seed);
    }
    assertThrows(IllegalArgumentException.class, () -> Assignment.best(new long[17][17]));
  }

  private static long most(long[][] counts, int code, int taken) {
    long best = 0;
    for (int k = 0; k < counts.length && code < counts.length; k++) {
      if ((taken >> k & 1) == 0) {
        best = Math.max(best, counts[code][k] + most(counts, code + 1, taken | 1 << k));
      }
    }
    return best;
  }

  @Test
  void linesOfNoiseBeginAndEndAtNoise() {
    float[] noise = Noise.normal(30, 3, 5);
    assertArrayEquals(noise, Arrays.copyOf(Noise.normal(40, 3, 5), 90), "more begins with the same");
    float[] lines = Noise.between(noise, 2, 5, 3);
    for (int line = 0; line < 2; line++) {
      for (int k = 0; k < 3; k++) {
        assertEquals(noise[2 * line * 3 + k], lines[line * 15 + k], 1e-6);
        assertEquals(noise[(2 * line + 1) * 3 + k], lines[line * 15 + 12 + k], 1e-6);
      }
    }
    assertEquals(0, lines[30]);
  }

  /** The variance of a normal number that is drawn anew beyond t is 1 - 2 t p(t) / (2 P(t) - 1). */
  @Test
  void truncatedNoiseIsNormalWithinItsThreshold() {
    long seed = System.nanoTime();
    assertArrayEquals(Noise.normal(13, 3, seed), Noise.truncated(13, 3, Double.POSITIVE_INFINITY, seed));
    float[] noise = Noise.truncated(100, 1000, 1, seed);
    assertArrayEquals(Arrays.copyOf(noise, 7 * 1000), Noise.truncated(7, 1000, 1, seed), "more begins with the same");
    double sum = 0;
    double squares = 0;
    for (float v : noise) {
      assertTrue(Math.abs(v) <= 1, "seed " + seed);
      sum += v;
      squares += v * v;
    }
    assertEquals(0, sum / noise.length, 0.01, "seed " + seed);
    assertEquals(0.291125, squares / noise.length, 0.005, "seed " + seed);
    for (double bad : new double[]{0, -1, 0.001, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> Noise.truncated(1, 1, bad, 1));
    }
  }

  @Test
  void aWishNamesClassesAndTruncation() {
    double none = Double.POSITIVE_INFINITY;
    assertEquals(new Wish("class:3,7", 0.5), Wish.read("m", "class:3,7@0.5", 1.5));
    assertEquals(new Wish(null, 2), Wish.read("m", "@2", 1.5));
    assertEquals(new Wish("class:3", 1.5), Wish.read("m", "class:3", 1.5));
    assertEquals(new Wish(null, 1.5), Wish.read("m", null, 1.5));
    assertEquals(new Wish("class:3@0.5", none), Wish.read("m", "class:3@0.5", none));
    for (String bad : List.of("class:3@", "class:3@0", "@-1", "@few", "@NaN", "@0.001")) {
      RequestException e = assertThrows(RequestException.class, () -> Wish.read("m", bad, 1.5));
      assertTrue(e.getMessage().contains(bad) && e.getMessage().contains("0.01"), e.getMessage());
    }
  }

  /** All parts at once: noise, a penalty of second order, several steps, state of spectral layers. */
  @Test
  void aGameResumesBitForBit() throws IOException {
    Game game = Game.of(AdversarialLoss.HINGE, new Adam(1e-3), new Adam(1e-3))
        .noisy(new InstanceNoise(0.5, 10))
        .constrained(new GradientPenalty(0.1))
        .alternating(new Alternation(2, 1));
    RingModel model = new RingModel("test", "none", new RingModel.Parts(game, 20, 3, 8, 7, 2, 8));
    try (Lathe lathe = Lathe.on("cpu")) {
      ResumeCheck.check(model, lathe, directory, 2, 10);
    }
  }

  /** Small networks of biggan's: averages, vectors of spectral norms, running means and classes that the device draws. */
  @Test
  void averagedNetworksResumeBitForBit() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      Map<String, Literal> straight = play(lathe, directory.resolve("straight"), null, 0);
      Path stopped = directory.resolve("stopped");
      assertThrows(Ended.class, () -> play(lathe, stopped, null, 5));
      Map<String, Literal> resumed = play(lathe, stopped, stopped, 0);
      assertEquals(straight.keySet(), resumed.keySet());
      assertTrue(straight.keySet().stream().anyMatch(name -> name.startsWith("average.")),
          straight.keySet().toString());
      straight.forEach((name, value) -> assertArrayEquals(value.toArray(), resumed.get(name).toArray(), name));
    }
  }

  private static final class Ended extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Two epochs of three iterations; ended after {@code endAt}, or at 0 not at all. */
  private static Map<String, Literal> play(Lathe lathe, Path out, @Nullable Path resume, int endAt) throws IOException {
    List<Step> steps = new BigGanModel().checkBlueprint().training();
    TrainingListener ending = new TrainingListener() {
      @Override
      public void iterated(long all, double loss) {
        if (all == endAt) {
          throw new Ended();
        }
      }
    };
    try (ModelState state = new ModelState(lathe, 3);
        BoundStep critic = BoundStep.bind(steps.get(0), state);
        BoundStep generator = BoundStep.bind(steps.get(1), state)) {
      AdversarialTask task = new AdversarialTask(
          Alternation.EVEN, critic, new Batches(Digits.generate(8, 3), critic, 3), generator, null, 3,
          epoch -> Map.of());
      Trainer.train(state, task, new Trainer.Options("test", 2, out, resume, null, 0, ending));
      return state.snapshot();
    }
  }
}
