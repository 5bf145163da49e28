package org.lathe.models.zoo.agents;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.runtime.Array;
import org.lathe.hal.DType;
import org.lathe.models.env.VectorEnvironment;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.TrainingTask;

/**
 * Q-learning in environments that step together: each step acts, nearly always as the network says, and makes one step of
 * learning. Where the environments stand is a part of the checkpoint, as the replayed transitions are; what is explored
 * follows from the seed and the step's number.
 */
final class DeepQTask implements TrainingTask {
  private static final long EXPLORE = 0xe4910e;

  private final Policy policy;
  private final BoundStep learn;
  private final VectorEnvironment worlds;
  private final Pace pace;
  private final long seed;
  private final ReturnLog log;
  private final Supplier<Map<String, Double>> evaluation;
  private final Array standing;

  /**
   * How much of what.
   *
   * @param iterations of an epoch
   * @param steps of an iteration
   * @param exploring steps until the share of random actions has fallen from 1 to {@code least}
   */
  record Pace(int iterations, int steps, int exploring, double least) {
    double randomShare(long step) {
      return Math.max(least, 1 - (1 - least) * step / exploring);
    }
  }

  DeepQTask(
      ModelState state, Policy policy, BoundStep learn, VectorEnvironment worlds, Pace pace, ReturnLog log,
      Supplier<Map<String, Double>> evaluation) {
    this.policy = policy;
    this.learn = learn;
    this.worlds = worlds;
    this.pace = pace;
    this.seed = state.seed();
    this.log = log;
    this.evaluation = evaluation;
    standing = state.include("environments", TensorType.of(DType.F64, worlds.stateSize()));
    standing.write(worlds.state());
  }

  @Override
  public int iterationsPerEpoch() {
    return pace.iterations();
  }

  @Override
  public void beginEpoch(int epoch) {
    worlds.restore(standing.toDoubles());
    log.restore();
  }

  @Override
  public double iterate(int epoch, int index) {
    long first = ((long) epoch * pace.iterations() + index) * pace.steps();
    double loss = 0;
    for (int k = 0; k < pace.steps(); k++) {
      step(first + k);
      loss += learn.value("loss");
    }
    standing.write(worlds.state());
    log.save();
    return loss / pace.steps();
  }

  private void step(long number) {
    SplittableRandom random = VectorEnvironment.stream(seed ^ EXPLORE, 0, number);
    int[] actions = policy.greedy(worlds.observations());
    for (int i = 0; i < actions.length; i++) {
      actions[i] = random.nextDouble() < pace.randomShare(number) ? random.nextInt(worlds.actions()) : actions[i];
    }
    learn.input("observation").write(worlds.observations());
    worlds.step(actions);
    float[] terminated = new float[actions.length];
    for (int i = 0; i < actions.length; i++) {
      terminated[i] = worlds.terminated()[i] ? 1 : 0;
    }
    learn.input("action").write(actions);
    learn.input("reward").write(worlds.rewards());
    learn.input("terminated").write(terminated);
    learn.input("next").write(worlds.next());
    learn.run();
    worlds.ended().forEach(e -> log.add(e.total()));
  }

  @Override
  public Map<String, Double> evaluate(int epoch) {
    return evaluation.get();
  }
}
