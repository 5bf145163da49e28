package org.lathe.models.adversarial;

/**
 * Who learns how often: one iteration of a training.
 *
 * @param critic steps of the critic, made first
 * @param generator steps of the generator
 */
public record Alternation(int critic, int generator) {
  /** One step each. */
  public static final Alternation EVEN = new Alternation(1, 1);

  public Alternation {
    if (critic < 1 || generator < 1) {
      throw new IllegalArgumentException(
          "in each iteration critic and generator make at least one step, not " + critic + " and " + generator);
    }
  }

  /** So many critic steps for each of the generator's. */
  public static Alternation critic(int steps) {
    return new Alternation(steps, 1);
  }
}
