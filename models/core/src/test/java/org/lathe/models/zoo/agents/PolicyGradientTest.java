package org.lathe.models.zoo.agents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nets.ActorCritic;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/** Returns, baselines, draws and gradients against plain loops and enumeration. */
class PolicyGradientTest {
  private final long seed = System.nanoTime();
  private final RandomGenerator random = new SplittableRandom(seed);

  private static double[] run(List<Field> fields, Map<String, Literal> inputs, Function<StepContext, Tensor> body) {
    Mlp none = new Mlp(Tensor::tanh, Initializer.ZEROS, 1, 1);
    OracleRun run = new OracleRun(
        Step.inference("step", none, fields, c -> c.report("value", body.apply(c))).trace(), 1);
    run.run(inputs);
    return run.report("value");
  }

  private double[] normal(int count) {
    double[] x = new double[count];
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    return x;
  }

  private static Literal floats(double[] values, long... shape) {
    return Literal.of(TensorType.of(DType.F32, shape), values);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "7,3", "13,1", "33,5"})
  void returnsAreThoseOfANaiveLoop(int steps, int batch) {
    double discount = 0.93;
    double[] reward = normal(steps * batch);
    double[] beyond = normal(steps * batch);
    double[] continues = new double[steps * batch];
    Arrays.setAll(continues, i -> random.nextInt(4) == 0 ? 0 : 1);
    double[] expected = new double[steps * batch];
    for (int t = 0; t < steps; t++) {
      for (int i = 0; i < batch; i++) {
        double factor = 1;
        for (int u = t; u < steps && factor != 0; u++) {
          int at = u * batch + i;
          expected[t * batch + i] += factor * (reward[at] + discount * beyond[at]);
          factor *= discount * continues[at];
        }
      }
    }
    List<Field> fields = List.of(
        Field.floats("r", steps, batch), Field.floats("c", steps, batch), Field.floats("b", steps, batch));
    double[] found = run(
        fields,
        Map.of("r", floats(reward, steps, batch), "c", floats(continues, steps, batch), "b",
            floats(beyond, steps, batch)),
        c -> PolicyGradient.returns(c.input("r"), c.input("c"), c.input("b"), discount));
    assertArrayEquals(expected, found, 1e-9, "seed " + seed);
  }

  @Test
  void theBaselineOfAnEpisodeIsTheMeanOfTheOthers() {
    int steps = 3;
    int batch = 5;
    double[] returns = normal(steps * batch);
    double[] expected = new double[returns.length];
    for (int t = 0; t < steps; t++) {
      for (int i = 0; i < batch; i++) {
        for (int j = 0; j < batch; j++) {
          expected[t * batch + i] += j == i ? 0 : returns[t * batch + j] / (batch - 1);
        }
      }
    }
    List<Field> fields = List.of(Field.floats("g", steps, batch));
    Map<String, Literal> inputs = Map.of("g", floats(returns, steps, batch));
    assertArrayEquals(
        expected, run(fields, inputs, c -> PolicyGradient.othersMean(c.input("g"))), 1e-9, "seed " + seed);
    assertThrows(
        IllegalArgumentException.class,
        () -> run(List.of(Field.floats("g", 2, 1)), Map.of(), c -> PolicyGradient.othersMean(c.input("g"))));
  }

  @Test
  void logProbabilitiesEntropiesAndDrawsAreThoseOfTheSoftmax() {
    int batch = 9;
    int actions = 4;
    double[] logits = normal(batch * actions);
    double[] uniform = new double[batch];
    Arrays.setAll(uniform, i -> random.nextInt(1 << 24) * 0x1p-24);
    uniform[0] = 0;
    uniform[1] = 1 - 0x1p-24;
    double[] action = new double[batch];
    double[] log = new double[batch];
    double[] entropy = new double[batch];
    double[] drawn = new double[batch];
    for (int i = 0; i < batch; i++) {
      action[i] = random.nextInt(actions);
      double z = 0;
      for (int a = 0; a < actions; a++) {
        z += Math.exp(logits[i * actions + a]);
      }
      double sum = 0;
      for (int a = 0; a < actions; a++) {
        double p = Math.exp(logits[i * actions + a]) / z;
        entropy[i] -= p * Math.log(p);
        sum += p;
        drawn[i] += sum <= uniform[i] && a < actions - 1 ? 1 : 0;
        log[i] = a == action[i] ? Math.log(p) : log[i];
      }
    }
    List<Field> fields = List.of(
        Field.floats("x", 1, batch, actions), Field.ints("a", 1, batch), Field.floats("u", batch));
    Map<String, Literal> inputs = Map.of(
        "x", floats(logits, 1, batch, actions), "a", Literal.of(TensorType.of(DType.I32, 1, batch), action), "u",
        floats(uniform, batch));
    assertArrayEquals(
        log, run(fields, inputs, c -> PolicyGradient.logProbability(c.input("x"), c.input("a"))), 1e-9);
    assertArrayEquals(entropy, run(fields, inputs, c -> PolicyGradient.entropy(c.input("x"))), 1e-9);
    assertArrayEquals(
        drawn, run(fields, inputs, c -> PolicyGradient.sample(c.input("x").at(0, 0), c.input("u"))), "seed " + seed);
  }

  /** A world of two states and three steps at most, with rewards of its own. */
  private static final class Tiny {
    static final int HORIZON = 3;
    static final double[][] REWARD = {{0.3, -1.1}, {2.1, 0.7}};

    static int next(int state, int action) {
      return action == 0 ? 1 - state : state;
    }

    static boolean ends(int state, int action) {
      return state == 1 && action == 1;
    }
  }

  private record Trajectory(List<Integer> states, List<Integer> actions) {
    double total() {
      double sum = 0;
      for (int t = 0; t < states.size(); t++) {
        sum += Tiny.REWARD[states.get(t)][actions.get(t)];
      }
      return sum;
    }

    double probability(double[] p) {
      double product = 1;
      for (int t = 0; t < states.size(); t++) {
        product *= p[states.get(t) * 2 + actions.get(t)];
      }
      return product;
    }
  }

  private static List<Trajectory> trajectories() {
    List<Trajectory> all = new ArrayList<>();
    extend(all, 0, List.of(), List.of());
    return all;
  }

  private static void extend(List<Trajectory> all, int state, List<Integer> states, List<Integer> actions) {
    for (int a = 0; a < 2; a++) {
      List<Integer> s = new ArrayList<>(states);
      List<Integer> u = new ArrayList<>(actions);
      s.add(state);
      u.add(a);
      if (s.size() == Tiny.HORIZON || Tiny.ends(state, a)) {
        all.add(new Trajectory(s, u));
      } else {
        extend(all, Tiny.next(state, a), s, u);
      }
    }
  }

  private static Map<String, Literal> batch(Trajectory... pair) {
    int n = pair.length;
    double[] observation = new double[Tiny.HORIZON * n * 2];
    double[] action = new double[Tiny.HORIZON * n];
    double[] reward = new double[Tiny.HORIZON * n];
    double[] present = new double[Tiny.HORIZON * n];
    for (int i = 0; i < n; i++) {
      for (int t = 0; t < pair[i].states().size(); t++) {
        int at = t * n + i;
        observation[at * 2 + pair[i].states().get(t)] = 1;
        action[at] = pair[i].actions().get(t);
        reward[at] = Tiny.REWARD[pair[i].states().get(t)][pair[i].actions().get(t)];
        present[at] = 1;
      }
    }
    Map<String, Literal> batch = new HashMap<>();
    batch.put("observation", floats(observation, Tiny.HORIZON, n, 2));
    batch.put("action", Literal.of(TensorType.of(DType.I32, Tiny.HORIZON, n), action));
    batch.put("reward", floats(reward, Tiny.HORIZON, n));
    batch.put("present", floats(present, Tiny.HORIZON, n));
    return batch;
  }

  /** The mean of REINFORCE's gradient over all pairs of episodes, against differences of the exact expected return. */
  @Test
  void reinforceFollowsTheGradientOfTheExpectedReturn() {
    ActorCritic net = ActorCritic.policy(2, 3, 2);
    OracleRun gradients = new OracleRun(
        Step.training("learn", net, ReinforceModel.fields(Tiny.HORIZON, 2, 2), c -> {
          Tensor loss = ReinforceModel.loss(c, net, 1);
          c.minimize(loss, Group.of(net, new Sgd(1)));
        }).traceGradients(), seed);
    OracleRun policy = new OracleRun(
        Step.inference(
            "act", net, List.of(Field.floats("x", 1, 2, 2)),
            c -> c.report("p", net.apply(c.input("x")).logits().softmax(2))).trace(),
        seed);
    Map<String, Literal> states = Map.of("x", floats(new double[]{1, 0, 0, 1}, 1, 2, 2));
    policy.run(states);
    double[] p = policy.report("p");
    List<Trajectory> all = trajectories();
    assertEquals(1, all.stream().mapToDouble(t -> t.probability(p)).sum(), 1e-12);
    Map<String, double[]> mean = new HashMap<>();
    for (Trajectory first : all) {
      for (Trajectory second : all) {
        gradients.run(batch(first, second));
        double weight = first.probability(p) * second.probability(p);
        for (String name : net.parameters().keySet()) {
          double[] g = gradients.report("gradient." + name);
          double[] sum = mean.computeIfAbsent(name, k -> new double[g.length]);
          Arrays.setAll(sum, i -> sum[i] + weight * g[i]);
        }
      }
    }
    double step = 1e-5;
    mean.forEach((name, g) -> {
      double[] values = policy.get(name);
      for (int i = 0; i < g.length; i++) {
        double slope = (expectedReturn(policy, states, all, name, values, i, step)
            - expectedReturn(policy, states, all, name, values, i, -step)) / (2 * step);
        // A loss goes down where the return goes up. The rewards of the batch are f32.
        assertEquals(-slope, g[i], 1e-6, name + "[" + i + "], seed " + seed);
      }
    });
  }

  private static double expectedReturn(
      OracleRun policy, Map<String, Literal> states, List<Trajectory> all, String name, double[] values, int at,
      double step) {
    double[] moved = values.clone();
    moved[at] += step;
    policy.set(name, moved);
    policy.run(states);
    double[] p = policy.report("p");
    policy.set(name, values);
    return all.stream().mapToDouble(t -> t.probability(p) * t.total()).sum();
  }
}
