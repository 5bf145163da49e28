package org.lathe.models.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Literal;

/**
 * The loop over epochs: iterations, measurements, early stopping, checkpoints, learning curves.
 *
 * <p>A training that was ended at any point and resumed from its last checkpoint gives the same state, bit for bit, as one
 * that ran through on the same device: everything random is a function of the seed and of counters that are in the
 * checkpoint.
 */
public final class Trainer {
  /** The file of the latest checkpoint in an output directory. */
  public static final String LATEST = "latest.safetensors";

  /** The file of the best epoch's checkpoint. */
  public static final String BEST = "best.safetensors";

  /**
   * What a training is to do.
   *
   * @param model its name, in checkpoints and messages
   * @param epochs how many, those of earlier runs included
   * @param out where checkpoints and the learning curve go; null for none
   * @param resume a directory with checkpoints of a run with this model and seed, to go on from; null to begin
   * @param stopping null to run all epochs and keep the last values
   * @param saveSeconds a checkpoint is written after each epoch, and when the last is this old
   */
  public record Options(
      String model,
      int epochs,
      @Nullable Path out,
      @Nullable Path resume,
      @Nullable EarlyStopping stopping,
      double saveSeconds,
      TrainingListener listener) {
    public static Options of(String model, int epochs) {
      return new Options(model, epochs, null, null, null, 20, TrainingListener.NONE);
    }

    public Options withEpochs(int newEpochs) {
      return new Options(model, newEpochs, out, resume, stopping, saveSeconds, listener);
    }

    public Options withOut(@Nullable Path directory) {
      return new Options(model, epochs, directory, resume, stopping, saveSeconds, listener);
    }

    public Options withResume(@Nullable Path directory) {
      return new Options(model, epochs, out, directory, stopping, saveSeconds, listener);
    }

    public Options withStopping(EarlyStopping newStopping) {
      return new Options(model, epochs, out, resume, newStopping, saveSeconds, listener);
    }

    public Options withListener(TrainingListener newListener) {
      return new Options(model, epochs, out, resume, stopping, saveSeconds, newListener);
    }
  }

  /**
   * What became of it.
   *
   * @param seconds of training, over all runs that it was resumed in
   * @param checkpoint the last one written, or null without an output directory
   */
  public record Outcome(List<EpochRecord> history, double seconds, @Nullable Path checkpoint) {}

  private final ModelState state;
  private final TrainingTask task;
  private final Options options;
  private final List<EpochRecord> history = new ArrayList<>();
  private int epoch;
  private int index;
  private double lossSum;
  private double secondsBefore;
  private long started;
  private long saved;
  private @Nullable Map<String, Literal> best;

  private Trainer(ModelState state, TrainingTask task, Options options) {
    this.state = state;
    this.task = task;
    this.options = options;
  }

  /**
   * Runs the training. Afterwards {@code state} holds the best epoch's values if there is early stopping, else the last.
   *
   * @throws CheckpointException if a checkpoint cannot be read or written
   */
  public static Outcome train(ModelState state, TrainingTask task, Options options) throws IOException {
    Trainer trainer = new Trainer(state, task, options);
    try {
      return trainer.run();
    } finally {
      options.listener().ended();
    }
  }

  private Outcome run() throws IOException {
    Path begun = options.resume() == null ? null : options.resume().resolve(LATEST);
    if (begun != null && !Files.exists(begun)) {
      throw new CheckpointException(begun, "there is no such checkpoint to resume from");
    }
    if (options.out() != null) {
      Files.createDirectories(options.out());
    }
    if (options.resume() != null) {
      resume(options.resume());
    }
    started = System.nanoTime();
    saved = started;
    options.listener().began(options.model(), iterationsBefore(epoch) + index, iterationsBefore(options.epochs()));
    while (epoch < options.epochs() && !ends()) {
      task.beginEpoch(epoch);
      int perEpoch = task.iterations(epoch);
      long before = iterationsBefore(epoch);
      while (index < perEpoch) {
        double loss = task.iterate(epoch, index);
        lossSum += loss;
        index++;
        if (!Double.isFinite(loss)) {
          throw new IllegalStateException(
              "the loss of '" + options.model() + "' became " + loss + " in epoch " + (epoch + 1)
                  + "; lower the learning rate");
        }
        options.listener().iterated(before + index, loss);
        if (index < perEpoch && secondsSince(saved) > options.saveSeconds()) {
          save(Trainer.LATEST);
        }
      }
      endEpoch(perEpoch);
    }
    double seconds = seconds();
    restoreBest();
    Path out = options.out();
    if (out == null) {
      return new Outcome(List.copyOf(history), seconds, null);
    }
    LearningCurve.write(out.resolve("curve.png"), options.model(), history);
    return new Outcome(List.copyOf(history), seconds, out.resolve(best != null ? BEST : LATEST));
  }

  private long iterationsBefore(int end) {
    long sum = 0;
    for (int e = 0; e < end; e++) {
      sum += task.iterations(e);
    }
    return sum;
  }

  private boolean ends() {
    return options.stopping() != null && !history.isEmpty() && options.stopping().ends(history);
  }

  private void endEpoch(int perEpoch) throws IOException {
    EpochRecord record = new EpochRecord(epoch, lossSum / perEpoch, task.evaluate(epoch), seconds());
    history.add(record);
    epoch++;
    index = 0;
    lossSum = 0;
    options.listener().epochEnded(record);
    if (options.stopping() != null && options.stopping().best(history) == history.size() - 1) {
      best = state.snapshot();
      save(BEST);
    }
    save(LATEST);
  }

  private void save(String name) throws IOException {
    Path out = options.out();
    saved = System.nanoTime();
    if (out != null) {
      Path file = out.resolve(name);
      new Checkpoint(options.model(), state.seed(), epoch, index, lossSum, history).write(file, state);
      options.listener().saved(file);
    }
  }

  private void resume(Path directory) throws IOException {
    Path file = directory.resolve(LATEST);
    EarlyStopping stopping = options.stopping();
    if (stopping != null && Files.exists(directory.resolve(BEST))) {
      Checkpoint bestOne = Checkpoint.read(directory.resolve(BEST), options.model(), state);
      best = state.snapshot();
      if (options.out() != null) {
        bestOne.write(options.out().resolve(BEST), state);
      }
    }
    Checkpoint from = Checkpoint.read(file, options.model(), state);
    if (from.seed() != state.seed()) {
      throw new CheckpointException(file, "is of a run with seed " + from.seed() + ", expected " + state.seed());
    }
    if (from.index() > task.iterations(from.epoch())) {
      throw new CheckpointException(
          file, "is at iteration " + from.index() + " of an epoch, which has " + task.iterations(from.epoch())
              + " here: it was trained on other data");
    }
    epoch = from.epoch();
    index = from.index();
    lossSum = from.lossSum();
    history.addAll(from.history());
    secondsBefore = history.isEmpty() ? 0 : history.getLast().seconds();
    if (stopping != null && best == null && stopping.best(history) >= 0) {
      throw new CheckpointException(directory.resolve(BEST), "the best epoch's checkpoint is missing");
    }
  }

  private void restoreBest() {
    if (best != null) {
      state.restore(best);
    }
  }

  private double seconds() {
    return secondsBefore + secondsSince(started);
  }

  private static double secondsSince(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
