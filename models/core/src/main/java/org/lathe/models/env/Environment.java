package org.lathe.models.env;

import java.awt.Graphics2D;
import java.util.random.RandomGenerator;

/**
 * A world in which an agent acts, one discrete action a step, in the vocabulary of Gymnasium (Towers et al. 2024): an
 * episode begins with {@link #reset} and goes on by {@link #step} until it is terminated (the task itself ended) or
 * truncated (a limit of steps that the task does not know of cut it off).
 *
 * <p>All that happens follows from the actions and from the random numbers given to {@code reset}: a step draws none.
 * Belongs to one thread.
 */
public interface Environment {
  /**
   * What a step gives.
   *
   * @param observation [observationSize] of the state after it
   * @param terminated the episode is over: no reward would follow
   * @param truncated the episode is cut off: rewards would follow
   */
  record Transition(float[] observation, double reward, boolean terminated, boolean truncated) {
    public boolean ended() {
      return terminated || truncated;
    }
  }

  /** The length of an observation. */
  int observationSize();

  /** Actions are 0 to this, exclusive. */
  int actions();

  /** The most steps of an episode. */
  int limit();

  /** Begins an episode, and gives the first observation. */
  float[] reset(RandomGenerator random);

  /**
   * Acts once.
   *
   * @throws IllegalArgumentException if there is no such action
   * @throws IllegalStateException if the episode has ended or none has begun; call {@link #reset}
   */
  Transition step(int action);

  /** Of the present state. */
  float[] observation();

  /** All that later steps depend on, in numbers; always as many. */
  double[] state();

  /** Goes on from where {@link #state} was called. */
  void restore(double[] state);

  /** Draws the present state in a frame of {@code width} x {@code height} pixels, white so far. */
  void draw(Graphics2D g, int width, int height);

  /** Checks what a step is given. */
  static void checkStep(Environment environment, int action, boolean running) {
    if (action < 0 || action >= environment.actions()) {
      throw new IllegalArgumentException(
          "action " + action + ": this environment has actions 0 to " + (environment.actions() - 1));
    }
    if (!running) {
      throw new IllegalStateException("a step was asked for, but no episode is under way; call reset first");
    }
  }
}
