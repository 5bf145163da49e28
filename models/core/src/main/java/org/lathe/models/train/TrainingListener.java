package org.lathe.models.train;

import java.nio.file.Path;

/** Is told how a training goes, in the training thread. Each method does nothing unless overridden. */
public interface TrainingListener {
  TrainingListener NONE = new TrainingListener() {};

  /**
   * The training begins, or goes on.
   *
   * @param done iterations that earlier runs made
   * @param total iterations of the whole training
   */
  default void began(String model, long done, long total) {}

  /** An iteration ended; {@code done} counts all of them. */
  default void iterated(long done, double loss) {}

  default void epochEnded(EpochRecord record) {}

  default void saved(Path checkpoint) {}

  /** Anything else worth a line. */
  default void note(String text) {}

  default void ended() {}

  /** Tells both. */
  default TrainingListener and(TrainingListener other) {
    TrainingListener first = this;
    return new TrainingListener() {
      @Override
      public void began(String model, long done, long total) {
        first.began(model, done, total);
        other.began(model, done, total);
      }

      @Override
      public void iterated(long done, double loss) {
        first.iterated(done, loss);
        other.iterated(done, loss);
      }

      @Override
      public void epochEnded(EpochRecord record) {
        first.epochEnded(record);
        other.epochEnded(record);
      }

      @Override
      public void saved(Path checkpoint) {
        first.saved(checkpoint);
        other.saved(checkpoint);
      }

      @Override
      public void note(String text) {
        first.note(text);
        other.note(text);
      }

      @Override
      public void ended() {
        first.ended();
        other.ended();
      }
    };
  }
}
