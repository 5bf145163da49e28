package org.lathe.models.zoo.agents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.DType;
import org.lathe.models.env.GridWorld;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

class DeepQTest {
  private final long seed = System.nanoTime();
  private final RandomGenerator random = new SplittableRandom(seed);

  /** Each step's transitions take the oldest's place, and the draws are of all that are kept, each as often. */
  @Test
  void theReplayKeepsTheLastTransitionsAndDrawsThemEvenly() {
    int slots = 5;
    int batch = 3;
    int count = 4000;
    Replay replay = new Replay(slots, batch, 2);
    Step step = Step.rule(
        "keep", replay, List.of(Field.floats("rows", batch, 2)), "nothing",
        c -> c.report("drawn", replay.keepAndDraw(c.input("rows"), c.stepNumber(), count)));
    try (Lathe lathe = Lathe.on("cpu");
        ModelState state = new ModelState(lathe, seed);
        BoundStep bound = BoundStep.bind(step, state)) {
      for (int s = 0; s < 13; s++) {
        float[] rows = new float[batch * 2];
        for (int i = 0; i < batch; i++) {
          rows[2 * i] = s * batch + i;
          rows[2 * i + 1] = -rows[2 * i];
        }
        bound.input("rows").write(rows);
        bound.run();
        int first = Math.max(0, s + 1 - slots) * batch;
        int kept = (s + 1) * batch - first;
        int[] times = new int[kept];
        float[] drawn = bound.report("drawn").toFloats();
        for (int k = 0; k < count; k++) {
          assertEquals(drawn[2 * k], -drawn[2 * k + 1]);
          times[(int) drawn[2 * k] - first]++;
        }
        double expected = (double) count / kept;
        double deviation = Math.sqrt(expected);
        for (int t : times) {
          assertTrue(Math.abs(t - expected) < 6 * deviation, t + " of " + expected + ", seed " + seed);
        }
      }
      float[] held = state.array("rows").toFloats();
      for (int slot = 0; slot < slots; slot++) {
        int from = slot < 13 % slots ? 10 + slot : 5 + slot;
        assertEquals(from * batch, held[slot * batch * 2], "slot " + slot);
      }
    }
  }

  /** The loss of one draw, and when the target network is copied, against plain loops. */
  @Test
  void theLossIsThatOfBellmansEquationAndTheTargetFollowsInItsTime() {
    int n = 3;
    int width = 4;
    int actions = 2;
    int every = 3;
    double discount = 0.9;
    double clip = 0.4;
    // One slot and as many transitions as fit in it: each draw is one of the three.
    DeepQ q = new DeepQ(new DeepQ.Sizes(width, actions, 5, n, 1, 1, every, discount, clip, Schedule.constant(1e-2)));
    OracleRun learn = new OracleRun(q.learning().trace(), seed);
    for (int s = 0; s < 7; s++) {
      double[] one = normal(width);
      double[] next = normal(width);
      int action = random.nextInt(actions);
      double reward = (float) random.nextGaussian();
      boolean terminated = random.nextBoolean();
      double[] before = values(learn, "online", one, actions);
      double[] future = values(learn, "target", next, actions);
      double goal = reward + (terminated ? 0 : discount * Arrays.stream(future).max().orElseThrow());
      double d = Math.abs(before[action] - goal);
      double[] target = learn.get("target.0.weight");
      learn.run(
          Map.of(
              "observation", repeated(one, n), "next", repeated(next, n), "action",
              Literal.of(TensorType.of(DType.I32, n), action, action, action), "reward",
              Literal.of(TensorType.of(DType.F32, n), reward, reward, reward), "terminated",
              Literal.of(TensorType.of(DType.F32, n), terminated ? 1 : 0, terminated ? 1 : 0, terminated ? 1 : 0)));
      assertEquals(d <= clip ? d * d / 2 : clip * (d - clip / 2), learn.report("loss")[0], 1e-5, "seed " + seed);
      boolean due = (s + 1) % every == 0;
      assertArrayEquals(due ? learn.get("online.0.weight") : target, learn.get("target.0.weight"));
    }
  }

  private double[] normal(int count) {
    double[] x = new double[count];
    Arrays.setAll(x, i -> (float) random.nextGaussian());
    return x;
  }

  private static Literal repeated(double[] row, int n) {
    double[] all = new double[n * row.length];
    Arrays.setAll(all, i -> row[i % row.length]);
    return Literal.of(TensorType.of(DType.F32, n, row.length), all);
  }

  /** Three dense layers with ReLU between them. */
  private static double[] values(OracleRun run, String net, double[] x, int actions) {
    double[] h = x;
    for (int layer = 0; layer < 3; layer++) {
      double[] w = run.get(net + "." + layer + ".weight");
      double[] b = run.get(net + "." + layer + ".bias");
      double[] y = b.clone();
      for (int i = 0; i < h.length; i++) {
        for (int j = 0; j < y.length; j++) {
          y[j] += h[i] * w[i * y.length + j];
        }
      }
      if (layer < 2) {
        Arrays.setAll(y, j -> Math.max(0, y[j]));
      }
      h = y;
    }
    assertEquals(actions, h.length);
    return h;
  }

  /** With a cost for each step and one goal the best way is the shortest one, which breadth-first search finds. */
  @Test
  void valueIterationFindsTheShortestWay() {
    GridWorld world = new GridWorld("..#..", ".##.#", ".....", "#.#.G");
    double discount = 0.95;
    int[] distance = new int[world.cells()];
    Arrays.fill(distance, -1);
    ArrayDeque<Integer> queue = new ArrayDeque<>();
    int goal = 19;
    distance[goal] = 0;
    queue.add(goal);
    while (!queue.isEmpty()) {
      int to = queue.remove();
      for (int from = 0; from < world.cells(); from++) {
        for (int a = 0; a < 4; a++) {
          if (distance[from] < 0 && world.isFree(from) && world.next(from, a) == to) {
            distance[from] = distance[to] + 1;
            queue.add(from);
          }
        }
      }
    }
    ValueIteration exact = ValueIteration.of(world, discount);
    int[] policy = new int[world.cells()];
    for (int c = 0; c < world.cells(); c++) {
      for (int a = 1; a < 4; a++) {
        policy[c] = exact.actions()[c * 4 + a] > exact.actions()[c * 4 + policy[c]] ? a : policy[c];
      }
    }
    for (int c = 0; c < world.cells(); c++) {
      if (!world.isFree(c)) {
        assertEquals(0, exact.values()[c]);
        continue;
      }
      double expected = 0;
      for (int k = 0; k < distance[c]; k++) {
        expected += Math.pow(discount, k) * (k == distance[c] - 1 ? 1 : -0.04);
      }
      assertEquals(distance[c] < 0 ? -0.04 / (1 - discount) : expected, exact.values()[c], 1e-9, "cell " + c);
      if (distance[c] > 0) {
        assertEquals(expected, ValueIteration.follow(world, policy, c, discount), 1e-9, "cell " + c);
      }
    }
  }
}
