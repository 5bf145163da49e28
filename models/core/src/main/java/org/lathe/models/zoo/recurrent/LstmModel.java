package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Sequences;
import org.lathe.models.nets.LstmLanguageModel;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.CheckpointException;
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
import org.lathe.models.zoo.parts.Sentences;

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997) in two parts, each in a directory of its own. {@code language}:
 * two stacked layers as a language model, tokens [batch, steps] to logits [steps, batch, vocabulary], whose perplexity has
 * to come near a perfect model's. {@code adding}: one layer on the adding problem over 100 steps, x [batch, 100, 2] to
 * [batch, 1], whose squared error has to fall below 0.01.
 *
 * <p>It differs from the paper in having a forget gate (Gers et al. 2000), no peepholes, Adam instead of gradient descent,
 * and gradients through the whole sequence.
 */
public final class LstmModel extends ZooModel {
  static final int WIDTH = 64;
  private static final long BATCH = 64;
  private static final int LANGUAGE_EPOCHS = 3;
  static final int ADDING_STEPS = 100;
  private static final int ADDING_EPOCHS = 12;
  private static final double ADDING_BAR = 0.01;
  private static final double ADDING_GOAL = 0.001;
  private static final int SAMPLES = 20;
  private static final int SHOWN = 10;
  static final String LANGUAGE = "lstm/language";
  static final String ADDING = "lstm/adding";

  LstmModel() {
    super(
        new Card(
            "lstm",
            RecurrentNetworks.FAMILY,
            "Hochreiter and Schmidhuber 1997",
            "perplexity_ratio",
            Direction.LOWER,
            1.1,
            "grammar; sequences: the adding problem"));
  }

  /** x [batch, steps, 2] to the sum of the marked values, [batch, 1]. */
  private static final class Adder extends Module {
    private final Recurrent lstm;
    private final Linear out;

    Adder(long width) {
      lstm = child("lstm", Recurrent.lstm(2, width, 1));
      out = child("out", new Linear(width, 1));
    }

    Tensor apply(Tensor x) {
      return out.apply(lstm.apply(x.permute(1, 0, 2)).at(0, -1));
    }
  }

  private static Blueprint language(long batch, long width) {
    LstmLanguageModel model = new LstmLanguageModel(Sentences.VOCABULARY, width, width, 2);
    Step training = Step.training(
        "train",
        model,
        Sentences.fields(batch),
        c -> {
          Tensor loss = Sentences.loss(c, logits(model, c.input("x")));
          c.minimize(loss, Group.of(model, new Adam(Schedule.exponential(5e-3, 0.5, 500))));
          c.report("loss", loss);
        });
    Step inference = Step.inference("predict", model, Sentences.fields(batch),
        c -> Sentences.report(c, logits(model, c.input("x"))));
    return new Blueprint(List.of(training), inference);
  }

  /** [batch, steps, vocabulary]. */
  private static Tensor logits(LstmLanguageModel model, Tensor tokens) {
    return model.apply(tokens.transpose()).permute(1, 0, 2);
  }

  static Blueprint adding(long batch, long steps, long width) {
    Adder model = new Adder(width);
    List<Field> fields = List.of(Field.floats("x", batch, steps, 2), Field.floats("y", batch, 1));
    Step training = Step.training(
        "adding",
        model,
        fields,
        c -> {
          Tensor loss = LossOps.squaredError(model.apply(c.input("x")), c.input("y")).mean();
          c.minimize(
              loss,
              Group.of(model, new Adam(Schedule.exponential(5e-3, 0.5, 1500)))
                  .clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "adding.predict",
        model,
        fields,
        c -> c.report("squared_error", LossOps.squaredError(model.apply(c.input("x")), c.input("y"))));
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return language(batch, WIDTH);
  }

  @Override
  public Blueprint checkBlueprint() {
    Blueprint language = language(3, 7);
    return new Blueprint(
        List.of(language.training().getFirst(), adding(3, 6, 5).training().getFirst()), language.inference());
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public String checkpointName() {
    return LANGUAGE;
  }

  @Override
  public Values values() {
    return Values.uniform(Sentences.VOCABULARY, r -> 0.5 + r.nextDouble());
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Path resume = request.resume();
    if (resume != null && !Files.exists(resume.resolve("language"))) {
      throw new CheckpointException(resume, "holds no directory language/ with a checkpoint to resume from");
    }
    TrainResult language = trainLanguage(request.part("language"));
    TrainResult adding = trainAdding(request.part("adding"));
    request.listener().note(
        String.format(
            Locale.ROOT,
            "language: perplexity %.4f times that of a perfect model (bar %.2f); adding: squared error %.5f (bar %.2f)",
            language.value(),
            language.bar(),
            adding.value(),
            adding.bar()));
    TrainResult shown = adding.passed() ? language : adding;
    return new TrainResult(
        shown.metric(), shown.value(), shown.bar(), shown.passed(), language.seconds() + adding.seconds(),
        shown.checkpoint());
  }

  private TrainResult trainLanguage(TrainRequest request) throws IOException {
    Blueprint plan = language(BATCH, WIDTH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, Sentences.dataset(1000, request.seed() + 1));
      Batches batches = new Batches(Sentences.dataset(20_000, request.seed()), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(step, batches, () -> Sentences.metrics(validation.run())),
          request.options(LANGUAGE, LANGUAGE_EPOCHS)
              .withStopping(EarlyStopping.of("perplexity_ratio", Direction.LOWER, 3)));
      writeSamples(request, state);
      double ratio = Sentences.metrics(new Evaluation(predict, Sentences.dataset(4000, request.seed() + 2)).run())
          .getOrDefault("perplexity_ratio", Double.NaN);
      return card().result(ratio, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static void writeSamples(TrainRequest request, ModelState state) throws IOException {
    List<String> sentences = sample(sampling(SAMPLES), state, SAMPLES, request.seed());
    Files.write(request.out().resolve("samples.txt"), sentences);
    request.listener().note("a sentence drawn from the model: " + sentences.getFirst());
  }

  /** Tokens [count, steps] to logits [steps, count, vocabulary]. */
  private static Step sampling(int count) {
    LstmLanguageModel model = new LstmLanguageModel(Sentences.VOCABULARY, WIDTH, WIDTH, 2);
    return Step.inference(
        "sample",
        model,
        List.of(Field.ints("x", count, Sentences.STEPS)),
        c -> c.report("logits", model.apply(c.input("x").transpose())));
  }

  /** Draws sentences by feeding the model its own words. */
  private static List<String> sample(Step sampling, ModelState state, int count, long seed) {
    try (BoundStep bound = BoundStep.bind(sampling, state)) {
      int row = count * Sentences.VOCABULARY;
      return Sentences.sample(
          (tokens, t) -> {
            bound.input("x").write(tokens);
            bound.run();
            return Arrays.copyOfRange(bound.report("logits").toFloats(), t * row, (t + 1) * row);
          },
          count,
          new SplittableRandom(seed));
    }
  }

  /** The second part's steps too; {@link #run} compiles one more where it is given that part's checkpoint. */
  @Override
  public List<Step> runSteps() {
    Blueprint adding = adding(BATCH, ADDING_STEPS, WIDTH);
    return List.of(sampling(SAMPLES), sampling(SHOWN), adding.training().getFirst(), adding.inference());
  }

  /** Sentences, or sums of marked values, by the part whose checkpoint it is. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    return Checkpoint.describe(request.checkpoint()).model().equals(ADDING) ? add(request) : speak(request);
  }

  private static Map<String, Double> speak(RunRequest request) throws IOException {
    int count = request.countOr(SHOWN);
    Step sampling = sampling(count);
    try (ModelState state = load(request, LANGUAGE, sampling)) {
      Sentences.show(sample(sampling, state, count, request.seed()), request);
    }
    return Map.of();
  }

  private static Map<String, Double> add(RunRequest request) throws IOException {
    int count = request.countOr(SHOWN);
    Adder model = new Adder(WIDTH);
    Step step = Step.inference(
        "run",
        model,
        List.of(Field.floats("x", Math.min(count, BATCH), ADDING_STEPS, 2)),
        c -> c.report("sum", model.apply(c.input("x"))));
    Dataset data = Sequences.adding(count, ADDING_STEPS, request.seed() + 3);
    float[] expected = ((Column.Floats) data.column("y")).data();
    double squares = 0;
    try (ModelState state = load(request, ADDING, step);
        BoundStep predict = BoundStep.bind(step, state)) {
      Batches batches = new Batches(data, predict, request.seed());
      for (int first = 0; first < count; first += batches.batchSize()) {
        int valid = batches.fillInOrder(first);
        predict.run();
        float[] sums = predict.report("sum").toFloats();
        for (int i = 0; i < valid; i++) {
          float label = expected[first + i];
          squares += (sums[i] - label) * (double) (sums[i] - label);
          request.found(
              "prediction",
              String.format(Locale.ROOT, "sequence %d: the marked values sum to %.4f, predicted %.4f", first + i, label,
                  sums[i]),
              "index", first + i, "label", label, "predicted", sums[i]);
        }
      }
    }
    return Map.of("squared_error", squares / count);
  }

  private TrainResult trainAdding(TrainRequest request) throws IOException {
    Blueprint plan = adding(BATCH, ADDING_STEPS, WIDTH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, Sequences.adding(512, ADDING_STEPS, request.seed() + 1));
      Batches batches = new Batches(Sequences.adding(20_000, ADDING_STEPS, request.seed()), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(step, batches, validation::run),
          request.options(ADDING, ADDING_EPOCHS)
              .withStopping(
                  EarlyStopping.of("squared_error", Direction.LOWER, ADDING_EPOCHS).withGoal(ADDING_GOAL)));
      Map<String, Double> test = new Evaluation(predict, Sequences.adding(2000, ADDING_STEPS, request.seed() + 2))
          .run();
      double error = test.getOrDefault("squared_error", Double.NaN);
      return new TrainResult(
          "squared_error", error, ADDING_BAR, error <= ADDING_BAR, outcome.seconds(), outcome.checkpoint());
    }
  }
}
