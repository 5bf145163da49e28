package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.autoencoders.VariationalAutoencoder.Measured;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.DigitJudge;
import org.lathe.models.zoo.parts.GivenClasses;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * A variational autoencoder of the zoo, and perhaps a second one that it is seen beside, which is trained in a directory of
 * its own. After training a LeNet-5 that learned on the same digits judges pictures made from the prior.
 */
final class VariationalModel extends ZooModel {
  private static final int TRAIN = 20_000;
  private static final int TEST = 2_000;
  private static final int SAMPLES = 1_000;
  private static final int COLUMNS = 10;
  /** The least share of pictures from the prior that the judge is to be sure of. */
  private static final double SURE = 0.5;

  private final VariationalAutoencoder own;
  private final @Nullable VariationalAutoencoder other;
  private final ToDoubleFunction<Found> metric;
  private final Function<Found, List<Requirement>> requirements;

  /**
   * What was found.
   *
   * @param samples what the judge says of pictures from the prior
   * @param asked the share of them that are of the class that was asked for
   * @param other of the second network
   */
  record Found(Measured own, DigitJudge.Verdict samples, double asked, @Nullable Measured other) {
    Measured beside() {
      if (other == null) {
        throw new IllegalStateException("there is no second network");
      }
      return other;
    }
  }

  /**
   * @param other the one that it is seen beside, or null
   * @param metric the card's
   * @param requirements what is to be reached beside the card's bar and the judge's approval
   */
  VariationalModel(
      Card card, VariationalAutoencoder own, @Nullable VariationalAutoencoder other, ToDoubleFunction<Found> metric,
      Function<Found, List<Requirement>> requirements) {
    super(card);
    this.own = own;
    this.other = other;
    this.metric = metric;
    this.requirements = requirements;
  }

  @Override
  public Blueprint blueprint(long batch) {
    return own.blueprint(batch);
  }

  /** The second network's step is checked too. */
  @Override
  public Blueprint checkBlueprint() {
    Blueprint plan = own.checkBlueprint();
    if (other == null) {
      return plan;
    }
    List<Step> training = new ArrayList<>(plan.training());
    training.addAll(other.checkBlueprint().training());
    return new Blueprint(training, plan.inference());
  }

  @Override
  public long batch() {
    return own.course().batch();
  }

  @Override
  public Values values() {
    return Values.uniform(GivenClasses.DIGITS.size(), RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    int batch = own.course().batch();
    TrainTest data = DataSource.digits(
        name(), request.data(), TRAIN, TEST, request.seed(), VariationalAutoencoder.least(batch), batch);
    try (ModelState state = new ModelState(request.lathe(), request.seed())) {
      Trainer.Outcome outcome = own.fit(request, state, data.train());
      Measured measured = measure(own, request, state, data.test());
      double seconds = outcome.seconds();
      Measured beside = null;
      if (other != null) {
        TrainRequest part = request.part(other.name().substring(name().length() + 1));
        try (ModelState second = new ModelState(request.lathe(), request.seed())) {
          seconds += other.fit(part, second, data.train()).seconds();
          beside = measure(other, part, second, data.test());
        }
      }
      Found found = judge(request, state, VariationalAutoencoder.rest(data.train()), measured, beside);
      List<Requirement> all = new ArrayList<>(requirements.apply(found));
      all.add(new Requirement("sure_share", Direction.HIGHER, found.samples().sure(), SURE));
      all.add(
          new Requirement("digits_found", Direction.HIGHER, found.samples().classes(), GivenClasses.DIGITS.size()));
      return Requirement.all(card().result(metric.applyAsDouble(found), seconds, outcome.checkpoint()), all);
    }
  }

  private static Measured measure(
      VariationalAutoencoder model, TrainRequest request, ModelState state, Dataset test) throws IOException {
    LatentPictures.write(request.out(), model, state, test, request.seed());
    Measured m = model.measure(state, test);
    request.listener().note(
        String.format(
            Locale.ROOT,
            "%s: bound %.2f nats, of which the code's divergence is %.2f; importance sampling finds %.2f",
            model.name(),
            m.bound(),
            m.divergence(),
            m.likelihood()));
    return m;
  }

  /** Has pictures from the prior judged. */
  private Found judge(
      TrainRequest request, ModelState state, Dataset digits, Measured measured, @Nullable Measured beside)
      throws IOException {
    int[] asked = GivenClasses.read(name(), null, GivenClasses.DIGITS, SAMPLES);
    float[] pixels = own.sample(state, asked, request.seed());
    try (DigitJudge judge = new DigitJudge(request, digits)) {
      DigitJudge.Verdict v = judge.judge(pixels);
      double agreed = judge.agreement(pixels, asked);
      request.listener().note(
          String.format(
              Locale.ROOT,
              "of %d pictures made from noise the judge is sure of %.1f%%, and finds %d of 10 digits%s",
              SAMPLES,
              100 * v.sure(),
              v.classes(),
              own.net().conditional()
                  ? String.format(Locale.ROOT, "; %.1f%% are the digit that was asked for", 100 * agreed)
                  : ""));
      return new Found(measured, v, agreed, beside);
    }
  }

  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(own.measuring());
    if (other != null) {
      Blueprint plan = other.blueprint(other.course().batch());
      steps.addAll(plan.training());
      steps.add(plan.inference());
      steps.addAll(other.measuring());
    }
    steps.addAll(DigitJudge.steps());
    return steps;
  }

  /** Pictures made from noise, of the classes that are asked for if the network takes any, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    String found = Checkpoint.describe(request.checkpoint()).model();
    VariationalAutoencoder model = other != null && found.equals(other.name()) ? other : own;
    int count = request.countOr(COLUMNS * COLUMNS);
    if (!model.net().conditional()) {
      DataSource.none(name(), request.data());
    }
    int[] asked = GivenClasses.read(name(), request.data(), GivenClasses.DIGITS, count);
    try (ModelState state = load(
        request, model.name(), model.generating(Math.min(count, VariationalAutoencoder.SHOWN)))) {
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      PictureGrid.write(file, model.sample(state, asked, request.seed()), Digits.SIDE, COLUMNS);
      request.found(
          "picture", count + " pictures made from noise: " + file, "file", file.toString(), "count", count);
    }
    return Map.of();
  }
}
