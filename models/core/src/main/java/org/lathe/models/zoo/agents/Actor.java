package org.lathe.models.zoo.agents;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Array;
import org.lathe.hal.DType;
import org.lathe.models.env.CartPole;
import org.lathe.models.env.VectorEnvironment;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;

/**
 * One actor of {@link A3cModel}: environments, programs, and a copy of the parameters of its own. Its programs write the
 * parameters that all actors share. Belongs to one thread at a time.
 */
final class Actor implements AutoCloseable {
  private static final long DRAW = 0xac702;

  private final int steps;
  private final int count;
  private final long seed;
  private final BoundStep copy;
  private final BoundStep act;
  private final BoundStep learn;
  private final Policy policy;
  private final VectorEnvironment worlds;
  private final ReturnLog log;
  private final Array standing;

  private final float[] observation;
  private final int[] action;
  private final float[] reward;
  private final float[] value;
  private final float[] continues;
  private final float[] beyond;

  /**
   * @param number of the actor, from 0
   * @param state takes in what the actor needs
   */
  Actor(A3cModel.Nets nets, ModelState state, int number, Actors.Sizes sizes, ReturnLog log) {
    this.steps = sizes.steps();
    this.count = sizes.environments();
    this.log = log;
    seed = VectorEnvironment.stream(state.seed() ^ DRAW, number, 0).nextLong();
    worlds = new VectorEnvironment(count, CartPole::new, seed);
    standing = state.include("environments." + number, TensorType.of(DType.F64, worlds.stateSize()));
    standing.write(worlds.state());
    copy = BoundStep.bind(nets.copying(number), state);
    act = BoundStep.bind(nets.acting(number, count), state);
    learn = BoundStep.bind(nets.learning(number, steps, count), state);
    policy = new Policy(act);
    observation = new float[steps * count * worlds.width()];
    action = new int[steps * count];
    reward = new float[steps * count];
    value = new float[steps * count];
    continues = new float[steps * count];
    beyond = new float[steps * count];
  }

  /** Goes on from what the state holds. */
  void restore() {
    worlds.restore(standing.toDoubles());
  }

  /** Puts where the environments stand into the state. */
  void save() {
    standing.write(worlds.state());
  }

  /**
   * Copies the parameters, acts, learns.
   *
   * @param number of the rollout: what it draws depends on it
   * @return the loss
   */
  double rollout(long number) {
    SplittableRandom random = VectorEnvironment.stream(seed, count, number);
    copy.run();
    int width = worlds.width();
    for (int t = 0; t < steps; t++) {
      System.arraycopy(worlds.observations(), 0, observation, t * count * width, count * width);
      int[] chosen = policy.sampled(worlds.observations(), random);
      System.arraycopy(chosen, 0, action, t * count, count);
      System.arraycopy(policy.values(), 0, value, t * count, count);
      worlds.step(chosen);
      System.arraycopy(worlds.rewards(), 0, reward, t * count, count);
      look(t);
      worlds.ended().forEach(e -> log.add(e.total()));
    }
    learn.input("observation").write(observation);
    learn.input("action").write(action);
    learn.input("reward").write(reward);
    learn.input("value").write(value);
    learn.input("continues").write(continues);
    learn.input("beyond").write(beyond);
    learn.run();
    return learn.value("loss");
  }

  /** What follows step {@code t}: the next step, nothing, or what the critic expects where episode or rollout is cut. */
  private void look(int t) {
    boolean last = t == steps - 1;
    boolean cut = last;
    for (boolean truncated : worlds.truncated()) {
      cut |= truncated;
    }
    float[] expected = cut ? policy.values(worlds.next()) : new float[0];
    Arrays.fill(beyond, t * count, (t + 1) * count, 0);
    for (int i = 0; i < count; i++) {
      boolean over = worlds.terminated()[i];
      boolean cutHere = !over && (last || worlds.truncated()[i]);
      continues[t * count + i] = over || cutHere ? 0 : 1;
      if (cutHere) {
        beyond[t * count + i] = expected[i];
      }
    }
  }

  @Override
  public void close() {
    learn.close();
    act.close();
    copy.close();
  }
}
