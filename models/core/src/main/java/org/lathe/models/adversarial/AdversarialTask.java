package org.lathe.models.adversarial;

import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.TrainingTask;

/**
 * Runs the steps of a critic and a generator in turn, over batches of real examples. The loss that it gives is the critic's
 * last. A resumed run goes on bit for bit: which batches a step sees follows from the epoch and the iteration, and what
 * else is random is drawn on the device. One thread.
 */
public final class AdversarialTask implements TrainingTask {
  private final Alternation alternation;
  private final BoundStep critic;
  private final Batches criticBatches;
  private final BoundStep generator;
  private final @Nullable Batches generatorBatches;
  private final int iterations;
  private final IntFunction<Map<String, Double>> evaluation;

  /**
   * @param criticBatches what the critic's inputs are filled from
   * @param generatorBatches likewise, with another seed; null if the generator's step has no inputs
   * @param iterations in an epoch; batches are taken again from the first when they are used up
   * @param evaluation measures after the epoch of this number; see {@link TrainingTask#evaluate}
   */
  public AdversarialTask(
      Alternation alternation, BoundStep critic, Batches criticBatches, BoundStep generator,
      @Nullable Batches generatorBatches, int iterations, IntFunction<Map<String, Double>> evaluation) {
    this.alternation = alternation;
    this.critic = critic;
    this.criticBatches = criticBatches;
    this.generator = generator;
    this.generatorBatches = generatorBatches;
    this.iterations = iterations;
    this.evaluation = evaluation;
  }

  @Override
  public int iterationsPerEpoch() {
    return iterations;
  }

  @Override
  public void beginEpoch(int epoch) {
    criticBatches.beginEpoch(epoch);
    if (generatorBatches != null) {
      generatorBatches.beginEpoch(epoch);
    }
  }

  @Override
  public double iterate(int epoch, int index) {
    for (int k = 0; k < alternation.critic(); k++) {
      criticBatches.fill((index * alternation.critic() + k) % criticBatches.count());
      critic.run();
    }
    for (int k = 0; k < alternation.generator(); k++) {
      if (generatorBatches != null) {
        generatorBatches.fill((index * alternation.generator() + k) % generatorBatches.count());
      }
      generator.run();
    }
    return critic.value("loss");
  }

  @Override
  public Map<String, Double> evaluate(int epoch) {
    return evaluation.apply(epoch);
  }
}
