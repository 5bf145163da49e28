package org.lathe.models.zoo.convolutional;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EpochRecord;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.PictureClassifier;
import org.lathe.models.zoo.parts.Plot;

/**
 * A classifier, and the plain network of the same depth, which is trained on the same pictures in the same order from the
 * same seed. The bar is the classifier's accuracy; the training fails too if, after as many epochs, the plain network's
 * training loss is not higher by the given factor.
 */
final class ComparedClassifier extends ZooModel {
  private static final String PLAIN = "plain";

  private final PictureClassifier own;
  private final PictureClassifier plain;
  private final double factor;

  /**
   * @param plain its name is {@code NAME/plain}
   * @param factor how many times the classifier's training loss the plain network's has to be at least
   */
  ComparedClassifier(PictureClassifier own, PictureClassifier plain, double factor) {
    super(own.card());
    this.own = own;
    this.plain = plain;
    this.factor = factor;
  }

  @Override
  public Blueprint blueprint(long batch) {
    return own.blueprint(batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    return own.checkBlueprint();
  }

  @Override
  public long batch() {
    return own.batch();
  }

  @Override
  public Values values() {
    return own.values();
  }

  @Override
  public List<Step> runSteps() {
    return Stream.concat(own.runSteps().stream(), plain.allSteps().stream()).toList();
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    PictureClassifier.Trained deep = own.fit(request);
    PictureClassifier.Trained other = plain.fit(request.part(PLAIN));
    int epochs = Math.min(deep.history().size(), other.history().size());
    double loss = deep.history().get(epochs - 1).loss();
    double plainLoss = other.history().get(epochs - 1).loss();
    String line = String.format(
        Locale.ROOT, "training loss after %d epochs: %s %.4f, plain %.4f; accuracy %.4f and %.4f", epochs, name(), loss,
        plainLoss, deep.result().value(), other.result().value());
    request.listener().note(line);
    Files.writeString(request.out().resolve("comparison.txt"), line + "\n");
    new Plot(name() + " and a plain network", "epoch", "training loss")
        .line(name(), epochs(deep.history()), losses(deep.history()))
        .line(PLAIN, epochs(other.history()), losses(other.history()))
        .write(request.out().resolve("comparison.png"));
    double seconds = deep.result().seconds() + other.result().seconds();
    return plainLoss >= factor * loss
        ? card().result(deep.result().value(), seconds, deep.result().checkpoint())
        : new TrainResult(
            "plain_over_own_training_loss", plainLoss / loss, factor, false, seconds, deep.result().checkpoint());
  }

  private static double[] epochs(List<EpochRecord> history) {
    return history.stream().mapToDouble(r -> r.epoch() + 1).toArray();
  }

  private static double[] losses(List<EpochRecord> history) {
    return history.stream().mapToDouble(EpochRecord::loss).toArray();
  }

  /** Tells the class of pictures that no training has seen, by the network whose checkpoint it is. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    boolean ofPlain = Checkpoint.describe(request.checkpoint()).model().equals(plain.name());
    return (ofPlain ? plain : own).run(request);
  }
}
