package org.lathe.models.attack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

class AttackTest {
  private static final int BATCH = 5;
  private static final int SIDE = 3;
  private static final int SIZE = SIDE * SIDE;
  private static final int CLASSES = 2;
  private static final double EPSILON = 0.13;

  private final long seed = System.nanoTime();
  private final RandomGenerator random = new SplittableRandom(seed);
  private final Field image = Field.floats("image", BATCH, 1, SIDE, SIDE);
  private final Field label = Field.ints("label", BATCH);
  private final double[] pixels = random.doubles(BATCH * SIZE).map(x -> (float) x).toArray();
  private final double[] labels = random.ints(BATCH, 0, CLASSES).asDoubleStream().toArray();

  /** A linear classifier of two classes and an attack on it. */
  private static final class Attacked extends Module {
    final Linear classifier = child("classifier", new Linear(SIZE, CLASSES));
    final Perturber perturber = child("perturber", new Perturber(1, 2, EPSILON));

    Tensor classify(Tensor x) {
      return classifier.apply(x.flatten(1));
    }
  }

  private OracleRun run(Attacked net, Attack attack) {
    return run(Step.inference("s", net, List.of(image, label),
        c -> c.report("y", attack.on(net::classify, c.input("image"), c.input("label")))));
  }

  private OracleRun run(Step step) {
    OracleRun run = new OracleRun(step.trace(), seed);
    run.run(Map.of("image", Literal.of(image.type(), pixels), "label", Literal.of(label.type(), labels)));
    return run;
  }

  /** Where the loss of the true class rises: away from its weights, towards the other's. */
  private double[] worst(OracleRun run) {
    double[] weights = run.get("classifier.weight");
    double[] expected = new double[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      int own = (int) labels[i / SIZE];
      int at = i % SIZE * CLASSES;
      double direction = Math.signum(weights[at + 1 - own] - weights[at + own]);
      expected[i] = Math.clamp(pixels[i] + EPSILON * direction, 0.0, 1.0);
    }
    return expected;
  }

  @Test
  void theFastGradientSignIsTheWorstOfALinearClassifier() {
    OracleRun run = run(new Attacked(), new FastGradientSign(EPSILON));
    assertArrayEquals(worst(run), run.report("y"), 1e-6, "seed " + seed);
  }

  /** With steps enough to cross the box, projected gradients end in the same corner from wherever they begin. */
  @Test
  void projectedGradientsReachTheWorstOfALinearClassifier() {
    OracleRun run = run(new Attacked(), new ProjectedGradient(EPSILON, EPSILON / 3, 7));
    assertArrayEquals(worst(run), run.report("y"), 1e-6, "seed " + seed);
    OracleRun one = run(new Attacked(), new ProjectedGradient(EPSILON, EPSILON / 3, 1));
    assertBounded(one.report("y"));
    assertThrows(IllegalArgumentException.class, () -> new ProjectedGradient(EPSILON, 0.1, 0));
  }

  private void assertBounded(double[] attacked) {
    double moved = 0;
    for (int i = 0; i < pixels.length; i++) {
      double change = Math.abs(attacked[i] - pixels[i]);
      assertTrue(change <= EPSILON + 1e-6 && attacked[i] >= 0 && attacked[i] <= 1, "seed " + seed);
      moved = Math.max(moved, change);
    }
    assertTrue(moved > 0, "nothing was changed, seed " + seed);
  }

  /** Its changes are bounded, and training it raises the classifier's loss. */
  @Test
  void aTrainedPerturberMisleads() {
    Attacked net = new Attacked();
    assertBounded(run(net, net.perturber).report("y"));
    OracleRun training = new OracleRun(
        Step.training(
            "t", net, List.of(image, label),
            c -> {
              Tensor perturbed = net.perturber.perturb(net::classify, c.input("image"), c.input("label"));
              Tensor loss = LossOps
                  .softmaxCrossEntropy(net.classify(perturbed), c.input("label")).mean();
              c.minimize(loss.neg(), Group.of("p", net.perturber, new Adam(0.01)));
              c.report("loss", loss);
            }).trace(),
        seed);
    Map<String, Literal> batch = Map
        .of("image", Literal.of(image.type(), pixels), "label", Literal.of(label.type(), labels));
    training.run(batch);
    double before = training.report("loss")[0];
    double[] classifier = training.get("classifier.weight");
    for (int i = 0; i < 60; i++) {
      training.run(batch);
    }
    assertTrue(training.report("loss")[0] > before, "seed " + seed);
    assertArrayEquals(classifier, training.get("classifier.weight"), "the classifier was changed");
  }

  /** The range of a linear generator is a subspace: the projection is that of least squares. */
  @Test
  void aPictureIsProjectedOnTheRangeOfALinearGenerator() {
    int width = 2;
    int restarts = 3;
    Linear generator = new Linear(width, SIZE, Initializer.normal(1));
    Field noise = Field.floats("noise", BATCH * restarts, width);
    RangeProjection projection = new RangeProjection(new Sgd(Schedule.constant(0.3), 0.7, false), restarts, 300);
    OracleRun run = new OracleRun(
        Step.inference(
            "s", generator, List.of(image, noise),
            c -> {
              RangeProjection.Found found = projection.project(
                  z -> generator.apply(z).reshape(-1, 1, SIDE, SIDE), c.input("image"), c.input("noise"));
              c.report("picture", found.picture());
              c.report("distance", found.distance());
            }).trace(),
        seed);
    double[] begin = random.doubles(noise.type().size(), -1, 1).map(x -> (float) x).toArray();
    run.run(Map.of("image", Literal.of(image.type(), pixels), "noise", Literal.of(noise.type(), begin)));
    double[] w = run.get("weight");
    double aa = dot(w, 0, w, 0);
    double ab = dot(w, 0, w, SIZE);
    double bb = dot(w, SIZE, w, SIZE);
    for (int i = 0; i < BATCH; i++) {
      double ax = dot(w, 0, pixels, i * SIZE);
      double bx = dot(w, SIZE, pixels, i * SIZE);
      double determinant = aa * bb - ab * ab;
      double a = (ax * bb - bx * ab) / determinant;
      double b = (bx * aa - ax * ab) / determinant;
      double distance = 0;
      for (int k = 0; k < SIZE; k++) {
        double expected = a * w[k] + b * w[SIZE + k];
        assertEquals(expected, run.report("picture")[i * SIZE + k], 1e-3, "seed " + seed);
        distance += Math.pow(expected - pixels[i * SIZE + k], 2) / SIZE;
      }
      assertEquals(distance, run.report("distance")[i], 1e-3, "seed " + seed);
    }
  }

  private static double dot(double[] a, int from, double[] b, int begin) {
    double sum = 0;
    for (int k = 0; k < SIZE; k++) {
      sum += a[from + k] * b[begin + k];
    }
    return sum;
  }

  /** A generator whose slope is 0 leaves the noise where it is: then the nearest of the restarts is chosen. */
  @Test
  void theNearestRestartIsChosen() {
    Linear unused = new Linear(1, 1);
    Field noise = Field.floats("noise", BATCH * 2, SIZE);
    RangeProjection projection = new RangeProjection(new Adam(0.1), 2, 1);
    OracleRun run = new OracleRun(
        Step.inference(
            "s", unused, List.of(image, noise),
            c -> c.report(
                "picture",
                projection.project(
                    z -> z.sign().reshape(-1, 1, SIDE, SIDE), c.input("image"), c.input("noise")).picture()))
            .trace(),
        seed);
    double[] begin = new double[BATCH * 2 * SIZE];
    for (int i = 0; i < begin.length; i++) {
      int picture = i / (2 * SIZE);
      boolean near = i / SIZE % 2 == picture % 2;
      begin[i] = near ? 1 : -1;
    }
    run.run(Map.of("image", Literal.of(image.type(), pixels), "noise", Literal.of(noise.type(), begin)));
    for (double p : run.report("picture")) {
      assertEquals(1, p, "the picture of -1 is further from pixels in 0..1 than that of 1, seed " + seed);
    }
  }
}
