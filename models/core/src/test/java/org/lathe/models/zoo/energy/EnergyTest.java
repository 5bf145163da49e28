package org.lathe.models.zoo.energy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.models.nets.Rbm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.ResumeCheck;
import org.lathe.models.zoo.Zoo;

/** Energies, partition functions, statistics and bounds against enumeration by plain loops. */
class EnergyTest {
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

  private double[] normal(int count, double deviation) {
    double[] x = new double[count];
    Arrays.setAll(x, i -> (float) (deviation * random.nextGaussian()));
    return x;
  }

  private static OracleRun run(Module module, List<Field> inputs, Function<StepContext, Tensor> body) {
    return new OracleRun(Step.inference("step", module, inputs, c -> c.report("value", body.apply(c))).trace(), 1);
  }

  private static Map<String, Literal> x(double[] values, long... shape) {
    return Map.of("x", Literal.of(TensorType.of(DType.F32, shape), values));
  }

  private static int bit(int state, int i) {
    return state >> i & 1;
  }

  /** The energy of bits v and h. */
  private static double energy(double[] w, double[] a, double[] b, int v, int h) {
    double e = 0;
    for (int i = 0; i < a.length; i++) {
      e -= a[i] * bit(v, i);
      for (int j = 0; j < b.length; j++) {
        e -= w[i * b.length + j] * bit(v, i) * bit(h, j);
      }
    }
    for (int j = 0; j < b.length; j++) {
      e -= b[j] * bit(h, j);
    }
    return e;
  }

  private static double logPartition(double[] w, double[] a, double[] b) {
    double z = 0;
    for (int v = 0; v < 1 << a.length; v++) {
      for (int h = 0; h < 1 << b.length; h++) {
        z += Math.exp(-energy(w, a, b, v, h));
      }
    }
    return Math.log(z);
  }

  @Test
  void likelihoodsOfBitsAreThoseOfAllJointStates() {
    Rbm rbm = new Rbm(5, 3);
    double[] w = normal(15, 1);
    double[] a = normal(5, 1);
    double[] b = normal(3, 1);
    OracleRun run = run(rbm, List.of(Field.floats("x", 32, 5)), c -> Enumeration.logLikelihood(rbm, c.input("x")));
    run.set("weight", w);
    run.set("visible", a);
    run.set("hidden", b);
    double[] v = new double[32 * 5];
    Arrays.setAll(v, i -> bit(i / 5, i % 5));
    run.run(x(v, 32, 5));
    double logZ = logPartition(w, a, b);
    double sum = 0;
    for (int s = 0; s < 32; s++) {
      double expected = 0;
      for (int h = 0; h < 8; h++) {
        expected += Math.exp(-energy(w, a, b, s, h) - logZ);
      }
      sum += expected;
      assertEquals(Math.log(expected), run.report("value")[s], 1e-6);
    }
    assertEquals(1, sum, 1e-9);
  }

  /** A mixture of one normal distribution for each hidden state. */
  @Test
  void likelihoodsOfNormalVariablesAreThoseOfTheirMixture() {
    Rbm rbm = new Rbm(Rbm.Visible.GAUSSIAN, 2, 3, Initializer.ZEROS);
    double[] w = normal(6, 1);
    double[] a = normal(2, 1);
    double[] b = normal(3, 1);
    double[] v = normal(2 * 4, 2);
    OracleRun run = run(rbm, List.of(Field.floats("x", 4, 2)), c -> Enumeration.logLikelihood(rbm, c.input("x")));
    run.set("weight", w);
    run.set("visible", a);
    run.set("hidden", b);
    run.run(x(v, 4, 2));
    double[] share = new double[8];
    double[][] mean = new double[8][2];
    double all = 0;
    for (int h = 0; h < 8; h++) {
      double square = 0;
      for (int i = 0; i < 2; i++) {
        mean[h][i] = a[i];
        for (int j = 0; j < 3; j++) {
          mean[h][i] += w[i * 3 + j] * bit(h, j);
        }
        square += mean[h][i] * mean[h][i];
      }
      double field = 0;
      for (int j = 0; j < 3; j++) {
        field += b[j] * bit(h, j);
      }
      share[h] = Math.exp(field + square / 2);
      all += share[h];
    }
    for (int k = 0; k < 4; k++) {
      double density = 0;
      for (int h = 0; h < 8; h++) {
        double d = Math.pow(v[2 * k] - mean[h][0], 2) + Math.pow(v[2 * k + 1] - mean[h][1], 2);
        density += share[h] / all * Math.exp(-d / 2) / (2 * Math.PI);
      }
      assertEquals(Math.log(density), run.report("value")[k], 1e-6);
    }
  }

  /** What contrastive divergence descends is, with samples held, the slope of the free energies' difference. */
  @Test
  void statisticsAreSlopesOfFreeEnergies() {
    Rbm rbm = new Rbm(4, 3);
    List<Field> fields = List.of(Field.floats("x", 6, 4));
    Step step = Step.inference(
        "step", rbm, fields,
        c -> {
          Tensor data = c.input("x").slice(0, 0, 3);
          Tensor model = c.input("x").slice(0, 3, 6);
          Map<Parameter, Tensor> g = ContrastiveDivergence.gradients(rbm, data, model);
          c.report("difference", rbm.freeEnergy(data).mean().sub(rbm.freeEnergy(model).mean()));
          rbm.parameters().forEach((name, p) -> c.report(name, g.get(p)));
        });
    OracleRun run = new OracleRun(step.trace(), 1);
    double[] v = new double[24];
    Arrays.setAll(v, i -> random.nextInt(2));
    for (Map.Entry<String, Parameter> e : rbm.parameters().entrySet()) {
      run.set(e.getKey(), normal((int) e.getValue().type().size(), 1));
    }
    for (String name : rbm.parameters().keySet()) {
      double[] at = run.get(name);
      run.run(x(v, 6, 4));
      double[] found = run.report(name);
      for (int i = 0; i < at.length; i++) {
        double slope = 0;
        for (int sign : new int[]{1, -1}) {
          double[] moved = at.clone();
          moved[i] += sign * 1e-4;
          run.set(name, moved);
          run.run(x(v, 6, 4));
          slope += sign * run.report("difference")[0] / 2e-4;
        }
        assertEquals(slope, found[i], 1e-5, name);
      }
      run.set(name, at);
    }
  }

  @Test
  void annealedPartitionFunctionsAreThoseOfEnumeration() {
    Rbm rbm = new Rbm(8, 6);
    double[] w = normal(48, 0.5);
    double[] a = normal(8, 0.5);
    double[] b = normal(6, 0.5);
    OracleRun run = run(
        rbm, List.of(Field.floats("x", 8)),
        c -> Sampling.annealed(
            c.random(), rbm.weight().tensor(), rbm.visibleBias().tensor(), rbm.hiddenBias().tensor(), c.input("x"), 200,
            300));
    run.set("weight", w);
    run.set("visible", a);
    run.set("hidden", b);
    run.run(x(normal(8, 1), 8));
    double[] found = run.report("value");
    float[] logWeights = new float[found.length];
    for (int i = 0; i < found.length; i++) {
      logWeights[i] = (float) found[i];
    }
    assertEquals(logPartition(w, a, b), Sampling.logMeanExp(logWeights), 0.1);
  }

  @Test
  void longChainsVisitStatesAsOftenAsTheyAreProbable() {
    Rbm rbm = new Rbm(3, 2);
    int chains = 4000;
    double[] w = normal(6, 1);
    double[] a = normal(3, 0.5);
    double[] b = normal(2, 0.5);
    OracleRun run = run(
        rbm, List.of(Field.floats("x", chains, 3)), c -> Sampling.chain(rbm, c.random(), c.input("x"), 30));
    run.set("weight", w);
    run.set("visible", a);
    run.set("hidden", b);
    run.run(x(new double[3 * chains], chains, 3));
    double[] v = run.report("value");
    double[] seen = new double[8];
    for (int i = 0; i < chains; i++) {
      seen[(int) (v[3 * i] + 2 * v[3 * i + 1] + 4 * v[3 * i + 2])] += 1.0 / chains;
    }
    double logZ = logPartition(w, a, b);
    for (int s = 0; s < 8; s++) {
      double p = 0;
      for (int h = 0; h < 4; h++) {
        p += Math.exp(-energy(w, a, b, s, h) - logZ);
      }
      assertEquals(p, seen[s], 5 * Math.sqrt(0.25 / chains));
    }
  }

  private static double boltzmannEnergy(double[] w, double[] b, int state) {
    double e = 0;
    for (int i = 0; i < b.length; i++) {
      e -= b[i] * bit(state, i);
      for (int j = i + 1; j < b.length; j++) {
        e -= w[i * b.length + j] * bit(state, i) * bit(state, j);
      }
    }
    return e;
  }

  @Test
  void aFullMachinesProbabilitiesAreThoseOfAllStates() {
    Boltzmann machine = new Boltzmann(3, 2);
    double[] w = normal(25, 1);
    double[] b = normal(5, 1);
    OracleRun run = run(machine, List.of(), c -> machine.probabilities());
    run.set("weight", w);
    run.set("bias", b);
    run.run(Map.of());
    double[] expected = new double[8];
    double z = 0;
    for (int s = 0; s < 32; s++) {
      double p = Math.exp(-boltzmannEnergy(w, b, s));
      expected[s & 7] += p;
      z += p;
    }
    double all = z;
    assertArrayEquals(Arrays.stream(expected).map(p -> p / all).toArray(), run.report("value"), 1e-6);
  }

  @Test
  void clampedUnitsStayAndFreeOnesFollowTheirConditionals() {
    Boltzmann machine = new Boltzmann(2, 2);
    int chains = 4000;
    double[] w = normal(16, 1);
    double[] b = normal(4, 0.5);
    OracleRun run = run(
        machine, List.of(Field.floats("x", chains, 4)), c -> machine.gibbs(c.random(), c.input("x"), 2, 30));
    run.set("weight", w);
    run.set("bias", b);
    double[] start = new double[4 * chains];
    for (int i = 0; i < chains; i++) {
      start[4 * i] = 1;
    }
    run.run(x(start, chains, 4));
    double[] s = run.report("value");
    double[] seen = new double[4];
    for (int i = 0; i < chains; i++) {
      assertEquals(1, s[4 * i]);
      assertEquals(0, s[4 * i + 1]);
      seen[(int) (s[4 * i + 2] + 2 * s[4 * i + 3])] += 1.0 / chains;
    }
    double z = 0;
    for (int h = 0; h < 4; h++) {
      z += Math.exp(-boltzmannEnergy(w, b, 1 | h << 2));
    }
    for (int h = 0; h < 4; h++) {
      assertEquals(Math.exp(-boltzmannEnergy(w, b, 1 | h << 2)) / z, seen[h], 5 * Math.sqrt(0.25 / chains));
    }
  }

  /** The mean of the two-layer bound's samples stays below log p(v), and comes near it where q is nearly right. */
  @Test
  void aDeepBeliefNetworksBoundIsBelowItsLikelihood() {
    DeepBelief net = new DeepBelief(4, 3, 2, 2);
    int copies = 3000;
    double[] w0 = normal(12, 0.4);
    double[] a0 = normal(4, 0.4);
    double[] b0 = normal(3, 0.4);
    double[] w1 = normal(6, 0.4);
    double[] a1 = normal(3, 0.4);
    double[] b1 = normal(2, 0.4);
    OracleRun run = run(
        net, List.of(Field.floats("x", copies, 4)), c -> net.tiedBound(c.random(), c.input("x")));
    run.set("rbm.0.weight", w0);
    run.set("rbm.0.visible", a0);
    run.set("rbm.0.hidden", b0);
    run.set("rbm.1.weight", w1);
    run.set("rbm.1.visible", a1);
    run.set("rbm.1.hidden", b1);
    int v = 0b0101;
    double[] x = new double[4 * copies];
    Arrays.setAll(x, i -> bit(v, i % 4));
    run.run(x(x, copies, 4));
    double logTop = logPartition(w1, a1, b1);
    double bound = Arrays.stream(run.report("value")).average().orElseThrow() - logTop;
    double likelihood = 0;
    double exactBound = 0;
    for (int h = 0; h < 8; h++) {
      double prior = 0;
      for (int g = 0; g < 4; g++) {
        prior += Math.exp(-energy(w1, a1, b1, h, g) - logTop);
      }
      double given = 1;
      for (int i = 0; i < 4; i++) {
        double field = a0[i];
        for (int j = 0; j < 3; j++) {
          field += w0[i * 3 + j] * bit(h, j);
        }
        double p = 1 / (1 + Math.exp(-field));
        given *= bit(v, i) == 1 ? p : 1 - p;
      }
      double q = 1;
      for (int j = 0; j < 3; j++) {
        double field = b0[j];
        for (int i = 0; i < 4; i++) {
          field += w0[i * 3 + j] * bit(v, i);
        }
        double p = 1 / (1 + Math.exp(-field));
        q *= bit(h, j) == 1 ? p : 1 - p;
      }
      likelihood += prior * given;
      exactBound += q * (Math.log(prior) + Math.log(given) - Math.log(q));
    }
    assertEquals(exactBound, bound, 0.05);
    assertTrue(exactBound <= Math.log(likelihood));
  }

  @Test
  void aDeepBoltzmannMachinesBoundIsBelowItsLikelihood() {
    DeepBoltzmann net = new DeepBoltzmann(4, 3, 2);
    double[] w0 = normal(12, 0.3);
    double[] w1 = normal(6, 0.3);
    double[] a = normal(4, 0.3);
    double[] b = normal(3, 0.3);
    double[] d = normal(2, 0.3);
    Step step = Step.inference(
        "step", net, List.of(Field.floats("x", 16, 4)),
        c -> {
          c.report("bound", net.bound(c.input("x"), net.meanField(c.input("x"), 100)));
          c.report("logZ", Enumeration.states(c.input("x"), 6).matmul(net.restricted().weight())
              .add(net.restricted().hidden()).softplus().sum(1)
              .add(Enumeration.states(c.input("x"), 6).mul(net.restricted().visible()).sum(1)).logSumExp(0));
        });
    OracleRun run = new OracleRun(step.trace(), 1);
    run.set("weight.0", w0);
    run.set("weight.1", w1);
    run.set("visible", a);
    run.set("first", b);
    run.set("second", d);
    double[] v = new double[64];
    Arrays.setAll(v, i -> bit(i / 4, i % 4));
    run.run(x(v, 16, 4));
    double[] weight = new double[16];
    double z = 0;
    for (int s = 0; s < 16; s++) {
      for (int h = 0; h < 8; h++) {
        for (int g = 0; g < 4; g++) {
          double e = energy(w0, a, b, s, h) + energy(w1, new double[3], d, h, g);
          weight[s] += Math.exp(-e);
        }
      }
      z += weight[s];
    }
    assertEquals(Math.log(z), run.report("logZ")[0], 1e-6);
    for (int s = 0; s < 16; s++) {
      double likelihood = Math.log(weight[s] / z);
      double bound = run.report("bound")[s] - run.report("logZ")[0];
      assertTrue(bound <= likelihood + 1e-6, bound + " above " + likelihood);
      assertEquals(likelihood, bound, 0.1);
    }
  }

  @Test
  void aKilledRunEndsAsAnUnbrokenOne() throws IOException {
    ResumeCheck.check(Zoo.find("boltzmann").orElseThrow(), lathe, directory, 2, 101 + random.nextInt(99));
  }
}
