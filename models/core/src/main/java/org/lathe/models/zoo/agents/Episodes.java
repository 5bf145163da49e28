package org.lathe.models.zoo.agents;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lathe.models.env.Environment;
import org.lathe.models.env.VectorEnvironment;

/**
 * One episode in each of some environments, played side by side to their ends. Time comes first; after an episode's end its
 * entries are 0.
 *
 * @param steps of the longest episode
 * @param observations [limit, count, width]
 * @param actions [limit, count]
 * @param rewards [limit, count]
 * @param values what the critic expected at each step [limit, count]; 0 without a critic
 * @param present 1 at the steps of an episode [limit, count]
 * @param totals the sum of each episode's rewards
 * @param lengths the steps of each
 * @param last the last reward of each
 */
record Episodes(
    int steps, float[] observations, int[] actions, float[] rewards, float[] values, float[] present, double[] totals,
    int[] lengths, double[] last) {

  /** How actions are chosen. */
  enum Choice {
    GREEDY, SAMPLED, SAMPLED_WITH_VALUES
  }

  /**
   * Plays.
   *
   * @param number of this round: rounds of one seed differ, in how episodes begin and in what is drawn
   */
  static Episodes play(Policy policy, Supplier<? extends Environment> maker, long seed, long number, Choice choice) {
    return play(policy, Stream.generate(maker).limit(policy.count()).map(e -> (Environment) e).toList(), seed, number,
        choice, null);
  }

  /** Looks at the first environment after each step, and before the first. */
  @FunctionalInterface
  interface Watcher {
    /** @param ended whether its episode has ended */
    void look(int step, boolean ended);
  }

  /** As {@link #play(Policy, Supplier, long, long, Choice)}, in given environments, one for each of the policy's batch. */
  static Episodes play(
      Policy policy, List<Environment> worlds, long seed, long number, Choice choice, @Nullable Watcher watcher) {
    int count = worlds.size();
    int limit = worlds.getFirst().limit();
    int width = worlds.getFirst().observationSize();
    Episodes e = new Episodes(
        0, new float[limit * count * width], new int[limit * count], new float[limit * count],
        new float[limit * count], new float[limit * count], new double[count], new int[count], new double[count]);
    float[] now = new float[count * width];
    boolean[] ended = new boolean[count];
    for (int i = 0; i < count; i++) {
      float[] first = worlds.get(i).reset(VectorEnvironment.stream(seed, i, number));
      System.arraycopy(first, 0, now, i * width, width);
    }
    RandomGenerator random = new SplittableRandom(VectorEnvironment.stream(seed, count, number).nextLong());
    policy.begin();
    int running = count;
    int t = 0;
    if (watcher != null) {
      watcher.look(0, false);
    }
    for (; running > 0; t++) {
      int[] actions = choice == Choice.GREEDY ? policy.greedy(now) : policy.sampled(now, random);
      float[] values = choice == Choice.SAMPLED_WITH_VALUES ? policy.values() : null;
      for (int i = 0; i < count; i++) {
        if (ended[i]) {
          continue;
        }
        int at = t * count + i;
        System.arraycopy(now, i * width, e.observations, at * width, width);
        Environment.Transition made = worlds.get(i).step(actions[i]);
        e.actions[at] = actions[i];
        e.rewards[at] = (float) made.reward();
        e.values[at] = values == null ? 0 : values[i];
        e.present[at] = 1;
        e.totals[i] += made.reward();
        e.lengths[i]++;
        e.last[i] = made.reward();
        ended[i] = made.ended();
        running -= made.ended() ? 1 : 0;
        System.arraycopy(made.observation(), 0, now, i * width, width);
      }
      if (watcher != null) {
        watcher.look(t + 1, ended[0]);
      }
    }
    return new Episodes(
        t, e.observations, e.actions, e.rewards, e.values, e.present, e.totals, e.lengths, e.last);
  }

  double meanTotal() {
    return Arrays.stream(totals).average().orElse(Double.NaN);
  }
}
