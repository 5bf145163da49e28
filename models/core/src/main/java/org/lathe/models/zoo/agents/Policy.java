package org.lathe.models.zoo.agents;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Array;
import org.lathe.models.train.BoundStep;

/**
 * An acting step bound to a device, for as many environments as its batch has. Its memory, if it has one, goes on from step
 * to step until {@link #begin}. Belongs to one thread; the step is closed by its owner.
 */
final class Policy {
  private final BoundStep step;
  private final boolean remembers;
  private final float @Nullable [] uniform;

  /**
   * @param step with input {@code observation} and report {@code greedy}; those of {@link PolicyGradient#acting} are used
   *     where it has them
   */
  Policy(BoundStep step) {
    this.step = step;
    this.remembers = step.graph().inputs().stream().anyMatch(f -> f.name().equals("h"));
    boolean draws = step.graph().inputs().stream().anyMatch(f -> f.name().equals("uniform"));
    this.uniform = draws ? new float[count()] : null;
  }

  /** How many environments it acts in. */
  int count() {
    return Math.toIntExact(step.input("observation").dim(0));
  }

  /** Forgets. */
  void begin() {
    if (remembers) {
      clear(step.input("h"));
      clear(step.input("c"));
    }
  }

  private static void clear(Array a) {
    a.write(new float[Math.toIntExact(a.size())]);
  }

  /** The best action in each environment. */
  int[] greedy(float[] observations) {
    run(observations);
    return step.report("greedy").toInts();
  }

  /**
   * An action by the policy's probabilities in each environment.
   *
   * @throws IllegalStateException if the step has no policy to draw from
   */
  int[] sampled(float[] observations, RandomGenerator random) {
    if (uniform == null) {
      throw new IllegalStateException("step '" + step.graph().name() + "' gives no probabilities to draw from");
    }
    for (int i = 0; i < uniform.length; i++) {
      uniform[i] = (float) (random.nextInt(1 << 24) * 0x1p-24);
    }
    step.input("uniform").write(uniform);
    run(observations);
    return step.report("sampled").toInts();
  }

  /** What the critic expected from the last observations on. */
  float[] values() {
    return step.report("value").toFloats();
  }

  /** What the critic expects from {@code observations} on. The memory stays as it is. */
  float[] values(float[] observations) {
    step.input("observation").write(observations);
    step.run();
    return values();
  }

  private void run(float[] observations) {
    step.input("observation").write(observations);
    step.run();
    if (remembers) {
      step.input("h").write(step.report("h").toFloats());
      step.input("c").write(step.report("c").toFloats());
    }
  }
}
