package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Fitted;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Shown;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PictureGrid;

/** An autoencoder of the zoo, and others that it is seen beside, each of which is trained in a directory of its own. */
abstract class PictureAutoencoderModel extends ZooModel {
  private static final int COLUMNS = 16;

  private final List<PictureAutoencoder> parts;
  private final int train;
  private final int test;

  /**
   * @param train how many digits are made to train on, those to validate included
   * @param test how many to test on
   * @param parts the model's own autoencoder first; the others are called {@code NAME/PART}
   */
  PictureAutoencoderModel(Card card, int train, int test, List<PictureAutoencoder> parts) {
    super(card);
    this.train = train;
    this.test = test;
    this.parts = List.copyOf(parts);
  }

  private PictureAutoencoder own() {
    return parts.getFirst();
  }

  @Override
  public final Blueprint blueprint(long batch) {
    return own().blueprint(batch);
  }

  /** All parts' steps are checked. */
  @Override
  public final Blueprint checkBlueprint() {
    List<Step> training = new ArrayList<>();
    parts.forEach(p -> training.addAll(p.checkBlueprint().training()));
    return new Blueprint(training, own().checkBlueprint().inference());
  }

  @Override
  public final long batch() {
    return own().course().batch();
  }

  @Override
  public final Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  @Override
  public final TrainResult train(TrainRequest request) throws IOException {
    int largest = parts.stream().mapToInt(p -> p.course().batch()).max().orElseThrow();
    TrainTest data = DataSource.digits(
        name(), request.data(), train, test, request.seed(), PictureAutoencoder.least(largest),
        PictureAutoencoder.SHOWN);
    List<Fitted> fitted = new ArrayList<>();
    double seconds = 0;
    for (PictureAutoencoder part : parts) {
      TrainRequest of = part == own() ? request : request.part(part.name().substring(name().length() + 1));
      Fitted f = part.fit(of, data.train(), data.test());
      seconds += f.outcome().seconds();
      fitted.add(f);
    }
    Found found = judge(request, data, fitted);
    return Requirement.all(
        card().result(found.value(), seconds, fitted.getFirst().outcome().checkpoint()), found.requirements());
  }

  /** The metric, and what else is to be reached. */
  record Found(double value, List<Requirement> requirements) {}

  /**
   * Compares, and writes what is to be seen beside reconstructions.
   *
   * @param fitted in the order of the parts
   */
  abstract Found judge(TrainRequest request, TrainTest data, List<Fitted> fitted) throws IOException;

  @Override
  public final List<Step> runSteps() {
    List<Step> steps = new ArrayList<>();
    parts.forEach(p -> steps.addAll(p.steps()));
    steps.add(own().showing(COLUMNS));
    return steps;
  }

  /** Digits that no training has seen, as the encoder sees them, and what comes back, a row each, as one PNG. */
  @Override
  public final Map<String, Double> run(RunRequest request) throws IOException {
    String name = Checkpoint.describe(request.checkpoint()).model();
    PictureAutoencoder part = parts.stream().filter(p -> p.name().equals(name)).findFirst().orElse(own());
    int count = request.countOr(COLUMNS);
    Dataset digits = DataSource.digitsToTest(name(), request.data(), count, request.seed());
    Step step = part.showing(count);
    try (ModelState state = load(request, part.name(), step); BoundStep show = BoundStep.bind(step, state)) {
      Shown shown = PictureAutoencoder.show(show, digits);
      Path file = Files.createDirectories(request.out()).resolve("reconstructions.png");
      PictureGrid.write(file, below(shown.seen(), shown.back()), Digits.SIDE, count);
      request.found(
          "picture", count + " digits and their reconstructions: " + file, "file", file.toString(), "count", count);
      float[] pixels = ((Column.Floats) digits.column("image")).data();
      double squares = 0;
      for (int i = 0; i < pixels.length; i++) {
        squares += Math.pow(pixels[i] - shown.back()[i], 2) / pixels.length;
      }
      return Map.of("squared_error", squares);
    }
  }

  /** Pictures after each other. */
  static float[] below(float[]... rows) {
    int length = 0;
    for (float[] row : rows) {
      length += row.length;
    }
    float[] all = new float[length];
    int at = 0;
    for (float[] row : rows) {
      System.arraycopy(row, 0, all, at, row.length);
      at += row.length;
    }
    return all;
  }
}
