package org.lathe.models.zoo.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingListener;

/**
 * How a model of the zoo is to be trained.
 *
 * @param seed of the data that is made, the first values, and the order of the examples
 * @param epochs null for the model's own number
 * @param data such as {@code mnist:DIR}; null for the model's own
 * @param out where checkpoints, curves and samples go; made if it is not there
 * @param resume a directory with checkpoints of the same model, seed and data; null to begin
 */
public record TrainRequest(
    Lathe lathe,
    long seed,
    @Nullable Integer epochs,
    @Nullable String data,
    Path out,
    @Nullable Path resume,
    TrainingListener listener) {

  public int epochsOr(int own) {
    return epochs == null ? own : epochs;
  }

  public Trainer.Options options(String model, int ownEpochs) {
    return Trainer.Options.of(model, epochsOr(ownEpochs)).withOut(out).withResume(resume).withListener(listener);
  }

  /** For a model of several parts, each of which has a directory of its own. */
  public TrainRequest part(String name) {
    Path from = resume == null ? null : resume.resolve(name);
    boolean begun = from != null && Files.exists(from.resolve(Trainer.LATEST));
    return new TrainRequest(lathe, seed, epochs, data, out.resolve(name), begun ? from : null, listener);
  }
}
