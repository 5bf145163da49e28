package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Array;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.Vae;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.DigitJudge;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * A variational autoencoder of digits (Kingma and Welling 2014), pictures [batch, 1, 28, 28]: 784-400-20-400-784; see
 * {@link Vae}.
 *
 * <p>The bar is the negative evidence lower bound on held-out digits, in nats for each picture: half way from what a model
 * of independent pixels has on the digits made from a seed (226) to the entropy of their grey values, below which no model
 * of Bernoulli pixels comes (93). It passes only if a LeNet-5, trained on the same digits in the same run, is sure of at
 * least {@value #SURE} of the pictures that the model makes from noise, and finds all ten digits among them.
 */
public final class VaeModel extends ZooModel {
  private static final int TRAIN = 20_000;
  private static final int TEST = 2_000;
  private static final long BATCH = 128;
  private static final int EPOCHS = 20;
  private static final int CODE = 20;
  /** One in so many training pictures is held for validation. */
  private static final int HELD = 20;
  private static final int SAMPLES = 500;
  private static final double SURE = 0.5;
  private static final int COLUMNS = 10;

  VaeModel() {
    super(
        new Card(
            "vae",
            Autoencoders.FAMILY,
            "Kingma and Welling 2014",
            "negative_elbo",
            Direction.LOWER,
            159,
            "digits, or mnist:DIR"));
  }

  private static Blueprint blueprint(long batch, long hidden, long code) {
    Vae model = new Vae(784, hidden, code);
    List<Field> fields = List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE));
    Step training = Step.training(
        "train",
        model,
        fields,
        c -> {
          Tensor loss = model.loss(c.input("image").flatten(1)).mean();
          c.minimize(loss, Group.of(model, new Adam(Schedule.exponential(2e-3, 0.5, 1500))));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict", model, fields, c -> c.report("negative_elbo", model.loss(c.input("image").flatten(1))));
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, 400, CODE);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(2, 11, 3);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(
        name(), request.data(), TRAIN, TEST, request.seed(), HELD * (int) BATCH, (int) BATCH);
    int held = data.train().size() / HELD;
    int rest = data.train().size() - held;
    Dataset train = data.train().range(0, rest);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, data.train().range(rest, rest + held));
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(step, new Batches(train, step, request.seed()), validation::run),
          request.options(name(), EPOCHS).withStopping(EarlyStopping.of("negative_elbo", Direction.LOWER, 5)));
      double bound = new Evaluation(predict, data.test()).run().getOrDefault("negative_elbo", Double.NaN);
      DigitJudge.Verdict verdict = judge(request, state, train);
      TrainResult result = card().result(bound, outcome.seconds(), outcome.checkpoint());
      boolean good = verdict.sure() >= SURE && verdict.classes() == 10;
      return good
          ? result
          : new TrainResult("sure_share", verdict.sure(), SURE, false, result.seconds(), result.checkpoint());
    }
  }

  private static Step generating(int count) {
    Vae model = new Vae(784, 400, CODE);
    return Step.inference(
        "generate",
        model,
        List.of(Field.floats("code", count, CODE)),
        c -> c.report("image", model.decode(c.input("code")).sigmoid()));
  }

  /** Makes pictures from noise: [count, 28, 28]. */
  private static float[] generate(Step generating, ModelState state, long seed) {
    try (BoundStep generate = BoundStep.bind(generating, state)) {
      Array input = generate.input("code");
      SplittableRandom random = new SplittableRandom(seed);
      float[] code = new float[Math.toIntExact(input.type().size())];
      for (int i = 0; i < code.length; i++) {
        code[i] = (float) random.nextGaussian();
      }
      input.write(code);
      generate.run();
      return generate.report("image").toFloats();
    }
  }

  /** The judge of generated pictures learns too. */
  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(List.of(generating(SAMPLES), generating(COLUMNS * COLUMNS)));
    steps.addAll(DigitJudge.steps());
    return steps;
  }

  /** Pictures made from noise, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(COLUMNS * COLUMNS);
    Step generating = generating(count);
    try (ModelState state = load(request, name(), generating)) {
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      PictureGrid.write(file, generate(generating, state, request.seed()), Digits.SIDE, COLUMNS);
      request.found(
          "picture", count + " pictures made from noise: " + file, "file", file.toString(), "count", count);
    }
    return Map.of();
  }

  /** Makes pictures from noise, writes the first as a grid, and has all judged. */
  private static DigitJudge.Verdict judge(TrainRequest request, ModelState state, Dataset digits) throws IOException {
    float[] pixels = generate(generating(SAMPLES), state, request.seed());
    try (DigitJudge judge = new DigitJudge(request, digits)) {
      PictureGrid.write(
          request.out().resolve("samples.png"),
          Arrays.copyOf(pixels, COLUMNS * COLUMNS * Digits.SIDE * Digits.SIDE),
          Digits.SIDE,
          COLUMNS);
      DigitJudge.Verdict verdict = judge.judge(pixels);
      request.listener().note(
          String.format(
              Locale.ROOT,
              "of %d pictures made from noise the judge is sure of %.1f%%, and finds %d of 10 digits",
              SAMPLES,
              100 * verdict.sure(),
              verdict.classes()));
      return verdict;
    }
  }
}
