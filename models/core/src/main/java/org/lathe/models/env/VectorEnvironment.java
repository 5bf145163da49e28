package org.lathe.models.env;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * Environments of one kind that step together, so that one compiled program acts in all of them: Gymnasium's vector
 * environment, with its autoreset in the same step. Where an episode ends the next one begins at once: {@link #observations}
 * is then the new one's first observation, {@link #next} the old one's last.
 *
 * <p>Episode k of environment i begins from a random stream that is a function of the seed, i and k alone. Belongs to one
 * thread.
 */
public final class VectorEnvironment {
  /** What is kept of each environment beside its own state: the episode's number, return and length. */
  private static final int EXTRA = 3;

  private final List<Environment> all = new ArrayList<>();
  private final long seed;
  private final int width;
  private final float[] observations;
  private final float[] next;
  private final float[] rewards;
  private final boolean[] terminated;
  private final boolean[] truncated;
  private final long[] episode;
  private final double[] sum;
  private final int[] length;
  private final List<Episode> ended = new ArrayList<>();

  /**
   * An episode that ended.
   *
   * @param total the sum of its rewards
   * @param length its steps
   */
  public record Episode(int environment, double total, int length) {}

  /** All environments at the start of their first episode. */
  public VectorEnvironment(int count, Supplier<? extends Environment> maker, long seed) {
    if (count < 1) {
      throw new IllegalArgumentException("a vector environment has at least one environment, not " + count);
    }
    this.seed = seed;
    for (int i = 0; i < count; i++) {
      all.add(maker.get());
    }
    width = all.getFirst().observationSize();
    observations = new float[count * width];
    next = new float[count * width];
    rewards = new float[count];
    terminated = new boolean[count];
    truncated = new boolean[count];
    episode = new long[count];
    sum = new double[count];
    length = new int[count];
    for (int i = 0; i < count; i++) {
      put(observations, i, begin(i));
    }
  }

  private float[] begin(int i) {
    return all.get(i).reset(stream(seed, i, episode[i]));
  }

  /** A random stream for each environment and each episode. */
  public static SplittableRandom stream(long seed, long environment, long episode) {
    long first = new SplittableRandom(seed ^ 0x9E3779B97F4A7C15L * (environment + 1)).nextLong();
    return new SplittableRandom(first ^ 0xD1342543DE82EF95L * (episode + 1));
  }

  private void put(float[] target, int i, float[] values) {
    System.arraycopy(values, 0, target, i * width, width);
  }

  public int count() {
    return all.size();
  }

  /** Actions are 0 to this, exclusive. */
  public int actions() {
    return all.getFirst().actions();
  }

  /** The length of one observation. */
  public int width() {
    return width;
  }

  /**
   * Acts once in each environment.
   *
   * @param actions [count]
   */
  public void step(int[] actions) {
    if (actions.length != all.size()) {
      throw new IllegalArgumentException(actions.length + " actions for " + all.size() + " environments");
    }
    ended.clear();
    for (int i = 0; i < all.size(); i++) {
      Environment.Transition t = all.get(i).step(actions[i]);
      put(next, i, t.observation());
      rewards[i] = (float) t.reward();
      terminated[i] = t.terminated();
      truncated[i] = t.truncated();
      sum[i] += t.reward();
      length[i]++;
      if (t.ended()) {
        ended.add(new Episode(i, sum[i], length[i]));
        episode[i]++;
        sum[i] = 0;
        length[i] = 0;
        put(observations, i, begin(i));
      } else {
        put(observations, i, t.observation());
      }
    }
  }

  /** What to act on, [count, width]; overwritten by each step. */
  public float[] observations() {
    return observations;
  }

  /** What the last step led to, before any reset, [count, width]; overwritten by each step. */
  public float[] next() {
    return next;
  }

  /** Of the last step, [count]; overwritten by each step. */
  public float[] rewards() {
    return rewards;
  }

  /** Of the last step: no reward would follow. Overwritten by each step. */
  public boolean[] terminated() {
    return terminated;
  }

  /** Of the last step: rewards would follow. Overwritten by each step. */
  public boolean[] truncated() {
    return truncated;
  }

  /** The episodes that the last step ended. */
  public List<Episode> ended() {
    return List.copyOf(ended);
  }

  /** The length of {@link #state}. */
  public int stateSize() {
    return all.size() * (all.getFirst().state().length + EXTRA);
  }

  /** All that later steps depend on. */
  public double[] state() {
    double[] state = new double[stateSize()];
    int each = state.length / all.size();
    for (int i = 0; i < all.size(); i++) {
      double[] own = all.get(i).state();
      System.arraycopy(own, 0, state, i * each, own.length);
      state[i * each + own.length] = episode[i];
      state[i * each + own.length + 1] = sum[i];
      state[i * each + own.length + 2] = length[i];
    }
    return state;
  }

  /** Goes on from where {@link #state} was called. */
  public void restore(double[] state) {
    if (state.length != stateSize()) {
      throw new IllegalArgumentException(
          "a state of " + state.length + " numbers for " + all.size() + " environments that have " + stateSize());
    }
    int each = state.length / all.size();
    for (int i = 0; i < all.size(); i++) {
      double[] own = Arrays.copyOfRange(state, i * each, (i + 1) * each - EXTRA);
      all.get(i).restore(own);
      episode[i] = (long) state[i * each + own.length];
      sum[i] = state[i * each + own.length + 1];
      length[i] = (int) state[i * each + own.length + 2];
      put(observations, i, all.get(i).observation());
    }
  }
}
