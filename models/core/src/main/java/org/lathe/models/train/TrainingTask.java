package org.lathe.models.train;

import java.util.Map;
import java.util.function.Supplier;

/** What a {@link Trainer} drives: iterations over a state, and a measurement after each epoch. */
public interface TrainingTask {
  int iterationsPerEpoch();

  /** How many iterations this epoch has; the same for all unless the training has phases. */
  default int iterations(int epoch) {
    return iterationsPerEpoch();
  }

  /** Called before an epoch's first iteration, and again when a run is resumed within it. */
  void beginEpoch(int epoch);

  /** One iteration; what it does depends on the state, the epoch and the index alone. Gives its loss. */
  double iterate(int epoch, int index);

  /** Metrics on held-out data after an epoch. Does not change the state. */
  Map<String, Double> evaluate(int epoch);

  /** One step, {@code iterations} times an epoch, on inputs that stay as they are; its report {@code loss} is the loss. */
  static TrainingTask repeating(BoundStep step, int iterations, Supplier<Map<String, Double>> evaluation) {
    return new TrainingTask() {
      @Override
      public int iterationsPerEpoch() {
        return iterations;
      }

      @Override
      public void beginEpoch(int epoch) {}

      @Override
      public double iterate(int epoch, int index) {
        step.run();
        return step.value("loss");
      }

      @Override
      public Map<String, Double> evaluate(int epoch) {
        return evaluation.get();
      }
    };
  }

  /** One step over shuffled batches, its report {@code loss} being the loss. */
  static TrainingTask over(BoundStep step, Batches batches,
      Supplier<Map<String, Double>> evaluation) {
    return new TrainingTask() {
      @Override
      public int iterationsPerEpoch() {
        return batches.count();
      }

      @Override
      public void beginEpoch(int epoch) {
        batches.beginEpoch(epoch);
      }

      @Override
      public double iterate(int epoch, int index) {
        batches.fill(index);
        step.run();
        return step.value("loss");
      }

      @Override
      public Map<String, Double> evaluate(int epoch) {
        return evaluation.get();
      }
    };
  }
}
