package org.lathe.models.zoo.autoencoders;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.nets.ConvolutionalCoder;
import org.lathe.models.nets.Latent;
import org.lathe.models.nets.Vae;
import org.lathe.models.nn.Corruption;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sparsity;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.TrainResult;

/** Bounds, likelihoods and estimates of gradients against enumeration and quadrature by plain loops in float64. */
class AutoencodersTest {
  private static final int IN = 4;
  private static final int HIDDEN = 5;

  private final long seed = System.nanoTime();
  private final RandomGenerator random = new SplittableRandom(seed);

  @TempDir
  private Path directory;

  private double[] normal(int count, double deviation) {
    double[] x = new double[count];
    Arrays.setAll(x, i -> (float) (deviation * random.nextGaussian()));
    return x;
  }

  /** A network's parameters by name, of a magnitude at which nothing is nearly linear. */
  private Map<String, double[]> weights(Vae vae) {
    Map<String, double[]> all = new HashMap<>();
    vae.parameters().forEach((name, p) -> all.put(name, normal((int) p.type().size(), 0.8)));
    return all;
  }

  private static Literal copies(double[] x, int count) {
    double[] all = new double[x.length * count];
    Arrays.setAll(all, i -> x[i % x.length]);
    return Literal.of(Field.floats("x", count, x.length).type(), all);
  }

  private static OracleRun run(Module model, int batch, Map<String, double[]> weights,
      Function<StepContext, Tensor> body) {
    OracleRun run = new OracleRun(
        Step.inference(
            "step", model, List.of(Field.floats("x", batch, IN)), c -> c.report("value", body.apply(c))).trace(),
        7);
    weights.forEach(run::set);
    return run;
  }

  private static double mean(double[] x) {
    return Arrays.stream(x).average().orElseThrow();
  }

  /** One hidden layer of ReLU. */
  private static double[] mlp(Map<String, double[]> weights, String part, double[] x) {
    double[] h = layer(weights.get(part + ".0.weight"), weights.get(part + ".0.bias"), x);
    Arrays.setAll(h, i -> Math.max(0, h[i]));
    return layer(weights.get(part + ".1.weight"), weights.get(part + ".1.bias"), h);
  }

  private static double[] layer(double[] weight, double[] bias, double[] x) {
    double[] y = bias.clone();
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j] += x[i] * weight[i * y.length + j];
      }
    }
    return y;
  }

  /** Of Bernoulli pixels, given a code. */
  private static double logGiven(Map<String, double[]> weights, double[] x, double... code) {
    double[] logits = mlp(weights, "decoder", code);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * logits[i] - Math.log1p(Math.exp(logits[i]));
    }
    return sum;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static final double[] BITS = {1, 0, 1, 1};

  @Test
  void theBoundIsBelowTheLikelihoodAndImportanceSamplingFindsIt() {
    Vae vae = Vae.dense(new Latent.Gaussian(1), IN, 0, HIDDEN);
    Map<String, double[]> w = weights(vae);
    double likelihood = 0;
    double exactBound = 0;
    double[] q = mlp(w, "encoder", BITS);
    double deviation = Math.exp(q[1] / 2);
    int points = 20_001;
    for (int i = 0; i < points; i++) {
      double e = -10 + 20.0 * i / (points - 1);
      double mass = Math.exp(-e * e / 2) / Math.sqrt(2 * Math.PI) * 20 / (points - 1);
      likelihood += mass * Math.exp(logGiven(w, BITS, e));
      double code = q[0] + deviation * e;
      exactBound += mass * (logGiven(w, BITS, code) - code * code / 2 + e * e / 2 + q[1] / 2);
    }
    likelihood = Math.log(likelihood);
    int count = 4000;
    OracleRun bound = run(vae, count, w, c -> vae.bound(c.input("x"), null).negative());
    bound.run(Map.of("x", copies(BITS, count)));
    double[] bounds = bound.report("value");
    assertEquals(exactBound, -mean(bounds), 6 * deviation(bounds) / Math.sqrt(count), "seed " + seed);
    assertTrue(exactBound <= likelihood + 1e-9, exactBound + " above " + likelihood + ", seed " + seed);

    OracleRun few = run(vae, 500, w, c -> vae.logLikelihood(c.input("x"), null, 8));
    few.run(Map.of("x", copies(BITS, 500)));
    double[] estimates = few.report("value");
    double slack = 6 * deviation(estimates) / Math.sqrt(500);
    assertTrue(mean(estimates) <= likelihood + slack, "importance sampling is above the likelihood, seed " + seed);
    assertTrue(mean(estimates) >= exactBound - slack, "importance sampling is below the bound, seed " + seed);
    // The mean of the weights, not of their logarithms, is the likelihood.
    double[] weights = Arrays.stream(estimates).map(Math::exp).toArray();
    assertEquals(Math.exp(likelihood), mean(weights), 6 * deviation(weights) / Math.sqrt(500) + 1e-9, "seed " + seed);
  }

  private static double deviation(double[] x) {
    double mean = mean(x);
    return Math.sqrt(Arrays.stream(x).map(v -> Math.pow(v - mean, 2)).average().orElseThrow());
  }

  /** Cost and divergence of a code of three bits, over all its states. */
  private static double enumerated(Map<String, double[]> w, double[] x) {
    double[] logits = mlp(w, "encoder", x);
    double sum = 0;
    for (int s = 0; s < 8; s++) {
      double q = 1;
      double[] code = new double[3];
      for (int j = 0; j < 3; j++) {
        code[j] = s >> j & 1;
        q *= code[j] == 1 ? sigmoid(logits[j]) : 1 - sigmoid(logits[j]);
      }
      sum += q * (-logGiven(w, x, code) + Math.log(q) - 3 * Math.log(0.5));
    }
    return sum;
  }

  @Test
  void theScoreFunctionsMeanIsTheSlopeOfTheEnumeratedBound() {
    Vae vae = Vae.dense(new Latent.Bits(3), IN, 0, HIDDEN);
    Map<String, double[]> w = weights(vae);
    int count = 20_000;
    OracleRun run = gradients(vae, w, count, x -> vae.scoreFunctionBound(x, null, 3));
    assertEquals(enumerated(w, BITS), run.report("loss.main")[0], 0.05, "seed " + seed);
    w.forEach(
        (name, at) -> {
          double[] found = run.report("gradient." + name);
          for (int i = 0; i < at.length; i++) {
            double slope = 0;
            for (int sign : new int[]{1, -1}) {
              Map<String, double[]> moved = new HashMap<>(w);
              double[] values = at.clone();
              values[i] += sign * 1e-6;
              moved.put(name, values);
              slope += sign * enumerated(moved, BITS) / 2e-6;
            }
            assertEquals(slope, found[i], 0.05 + 0.02 * Math.abs(slope), name + "[" + i + "], seed " + seed);
          }
        });
  }

  /** Both estimates of the same slope, where both can be had. */
  @Test
  void theScoreFunctionAgreesWithReparameterisation() {
    Vae vae = Vae.dense(new Latent.Gaussian(2), IN, 0, HIDDEN);
    Map<String, double[]> w = weights(vae);
    OracleRun score = gradients(vae, w, 20_000, x -> vae.scoreFunctionBound(x, null, 3));
    OracleRun path = gradients(vae, w, 20_000, x -> vae.bound(x, null));
    for (String name : w.keySet()) {
      double[] expected = path.report("gradient." + name);
      double[] found = score.report("gradient." + name);
      double scale = Math.max(1, Arrays.stream(expected).map(Math::abs).max().orElseThrow());
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], found[i], 0.15 * scale, name + "[" + i + "], seed " + seed);
      }
    }
  }

  private OracleRun gradients(Vae vae, Map<String, double[]> w, int count, Function<Tensor, Vae.Bound> bound) {
    OracleRun run = new OracleRun(
        Step.training(
            "step", vae, List.of(Field.floats("x", count, IN)),
            c -> c.minimize(bound.apply(c.input("x")).negative().mean(), Group.of(vae, new Sgd(1)))).traceGradients(),
        seed);
    w.forEach(run::set);
    run.run(Map.of("x", copies(BITS, count)));
    return run;
  }

  @Test
  void aScoreFunctionWithoutABaselineIsRefused() {
    Vae vae = Vae.dense(new Latent.Bits(3), IN, 0, HIDDEN);
    assertThrows(
        IllegalArgumentException.class,
        () -> run(vae, 2, Map.of(), c -> vae.scoreFunctionBound(c.input("x"), null, 1).negative()));
  }

  /** Bits as latent: the mean of importance weights is the sum over all codes. */
  @Test
  void theLikelihoodOfBitsIsTheSumOverCodes() {
    Vae vae = Vae.dense(new Latent.Bits(3), IN, 0, HIDDEN);
    Map<String, double[]> w = weights(vae);
    double likelihood = 0;
    for (int s = 0; s < 8; s++) {
      likelihood += Math.exp(logGiven(w, BITS, s & 1, s >> 1 & 1, s >> 2 & 1)) / 8;
    }
    int count = 2000;
    OracleRun run = run(vae, count, w, c -> vae.logLikelihood(c.input("x"), null, 8));
    run.run(Map.of("x", copies(BITS, count)));
    double[] found = Arrays.stream(run.report("value")).map(Math::exp).toArray();
    assertEquals(likelihood, mean(found), 6 * deviation(found) / Math.sqrt(count) + 1e-9, "seed " + seed);
    assertTrue(-enumerated(w, BITS) <= Math.log(likelihood));
  }

  /** A condition changes what is said of the code, and the picture of a code. */
  @Test
  void aConditionIsSeenByBothHalves() {
    Vae vae = Vae.dense(new Latent.Gaussian(2), 3, 2, HIDDEN);
    Step step = Step.inference(
        "step", vae, List.of(Field.floats("x", 2, 3), Field.floats("c", 2, 2)),
        c -> {
          c.report("encoded", vae.encode(c.input("x"), c.input("c")));
          c.report("decoded", vae.decode(c.input("x").slice(1, 0, 2), c.input("c")));
        });
    OracleRun run = new OracleRun(step.trace(), 3);
    run.run(
        Map.of(
            "x", Literal.of(Field.floats("x", 2, 3).type(), .1, .2, .3, .1, .2, .3),
            "c", Literal.of(Field.floats("c", 2, 2).type(), 1, 0, 0, 1)));
    for (String part : List.of("encoded", "decoded")) {
      double[] found = run.report(part);
      assertTrue(Math.abs(found[0] - found[found.length / 2]) > 1e-6, part);
    }
  }

  @Test
  void damageIsAsMuchAsWasAskedFor() {
    Vae none = Vae.dense(new Latent.Gaussian(1), IN, 0, 1);
    int count = 5000;
    double[] x = {0.25, 0.5, 1, 0.75};
    double[] masked = damage(none, count, x, Corruption.masking(0.3));
    double[] salted = damage(none, count, x, Corruption.saltAndPepper(0.4));
    double[] noisy = damage(none, count, x, Corruption.gaussian(0.5));
    int zeros = 0;
    int whites = 0;
    int kept = 0;
    double squares = 0;
    for (int i = 0; i < masked.length; i++) {
      double clean = x[i % IN];
      assertTrue(masked[i] == 0 || masked[i] == clean);
      assertTrue(salted[i] == 0 || salted[i] == 1 || salted[i] == clean);
      zeros += masked[i] == 0 ? 1 : 0;
      kept += clean != 1 && salted[i] == clean ? 1 : 0;
      whites += clean != 1 && salted[i] == 1 ? 1 : 0;
      squares += Math.pow(noisy[i] - clean, 2) / masked.length;
    }
    assertEquals(0.3, zeros / (double) masked.length, 0.02);
    assertEquals(0.6, kept / (0.75 * masked.length), 0.02);
    assertEquals(0.2, whites / (0.75 * masked.length), 0.02);
    assertEquals(0.25, squares, 0.02);
    assertThrows(IllegalArgumentException.class, () -> Corruption.masking(1.5));
  }

  private static double[] damage(Vae none, int count, double[] x, Corruption corruption) {
    OracleRun run = run(none, count, Map.of(), c -> corruption.apply(c.input("x")));
    run.run(Map.of("x", copies(x, count)));
    return run.report("value");
  }

  @Test
  void sparsityIsTheDivergenceOfTheMeans() {
    Sparsity kl = new Sparsity.KullbackLeibler(0.1, 3);
    double[] code = {0.1, 0.5, 0.9, 0.3, 0.1, 0.2, 0.3, 0.7};
    OracleRun run = new OracleRun(
        Step.inference(
            "step", kl, List.of(Field.floats("x", 2, 4)), c -> c.report("value", kl.penalty(c.input("x")))).trace(),
        1);
    run.run(Map.of("x", Literal.of(Field.floats("x", 2, 4).type(), code)));
    double expected = 0;
    for (int j = 0; j < 4; j++) {
      double m = (code[j] + code[4 + j]) / 2;
      expected += 3 * (0.1 * Math.log(0.1 / m) + 0.9 * Math.log(0.9 / (1 - m)));
    }
    assertEquals(expected, run.report("value")[0], 1e-6);
  }

  /** The multiplier rises while the mean activation of 0.4 is above its target, falls while below, and is never negative. */
  @Test
  void theMultiplierOfMagnitudesFollowsTheirExcess() {
    double[] code = {-0.4, 0.4, 0.2, 0.6};
    for (double target : new double[]{0.1, 0.5, 0.9}) {
      Sparsity l1 = new Sparsity.AbsoluteValue(target, 0.5);
      OracleRun run = new OracleRun(
          Step.rule(
              "step", l1, List.of(Field.floats("x", 2, 2)), "none",
              c -> c.report("value", l1.penalty(c.input("x")))).trace(),
          1);
      run.set("multiplier", 0.2);
      run.run(Map.of("x", Literal.of(Field.floats("x", 2, 2).type(), code)));
      assertEquals(0.2 * 0.8, run.report("value")[0], 1e-6);
      assertEquals(Math.max(0, 0.2 + 0.5 * Math.log(0.4 / target)), run.get("multiplier")[0], 1e-6);
    }
  }

  @Test
  void aConvolutionalCodersSideIsHalvedTwice() {
    assertThrows(IllegalArgumentException.class, () -> new ConvolutionalCoder.Shape(6, 1, 1));
    ConvolutionalCoder.Shape shape = new ConvolutionalCoder.Shape(12, 2, 3);
    assertEquals(2 * 16 + 2 + 3 * 2 * 16 + 3 + 27 * 5 + 5, new ConvolutionalCoder.Encoder(shape, 5).parameterCount());
    assertEquals(5 * 27 + 27 + 3 * 2 * 16 + 2 + 2 * 16 + 1, new ConvolutionalCoder.Decoder(shape, 5).parameterCount());
  }

  @Test
  void aRequirementThatIsNotMetIsTheResult() {
    TrainResult good = new TrainResult("m", 1, 2, true, 3, null);
    List<Requirement> both = List.of(
        new Requirement("a", Direction.HIGHER, 0.5, 0.5), new Requirement("b", Direction.LOWER, 0.6, 0.5));
    assertEquals(good, Requirement.all(good, both.subList(0, 1)));
    assertEquals(new TrainResult("b", 0.6, 0.5, false, 3, null), Requirement.all(good, both));
    TrainResult missed = new TrainResult("m", 3, 2, false, 3, null);
    assertEquals(missed, Requirement.all(missed, both));
    TrainResult none = Requirement.all(good, List.of(new Requirement("c", Direction.LOWER, Double.NaN, 1)));
    assertEquals(false, none.passed());
  }

  @Test
  void theGapOfMomentsIsTheLargestOfAllDifferences() {
    float[] rows = {1, 2, -1, 0, 3, 1};
    AaeModel.Moments m = AaeModel.Moments.of(rows, 2);
    double[] mean = {1, 1};
    assertEquals(mean[0], m.mean()[0], 1e-12);
    assertEquals(mean[1], m.mean()[1], 1e-12);
    assertEquals((0 + 4 + 4) / 3.0, m.covariance()[0][0], 1e-12);
    assertEquals((0 + 2 + 0) / 3.0, m.covariance()[0][1], 1e-12);
    assertEquals((1 + 1 + 0) / 3.0, m.covariance()[1][1], 1e-12);
    assertEquals(8 / 3.0 - 1, m.gap(), 1e-12);
    float[] draws = new Latent.Gaussian(5).prior(random, 20_000);
    assertTrue(AaeModel.Moments.of(draws, 5).gap() < 0.06, "seed " + seed);
    draws[0] = Float.NaN;
    assertTrue(Double.isNaN(AaeModel.Moments.of(draws, 5).gap()));
  }

  /** It ends in the second network's training, whose penalty has a state of its own. */
  @Test
  void aKilledRunEndsAsAnUnbrokenOne() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      ResumeCheck.check(
          Zoo.find("sparse-autoencoder").orElseThrow(), lathe, directory, 2, 290 + random.nextInt(60));
    }
  }
}
