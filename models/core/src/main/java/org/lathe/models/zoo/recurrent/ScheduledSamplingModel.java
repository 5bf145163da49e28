package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Sequences;
import org.lathe.models.nets.SelfFedPredictor;
import org.lathe.models.nn.ScheduledSampling;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.Plot;

/**
 * Scheduled sampling (Bengio, Vinyals, Jaitly and Shazeer 2015): a recurrent network that goes on with a noisy wave from its
 * own predictions, x [batch, 49] to predictions of the next value [batch, 48]. In training the truth is given at each step
 * with a probability that decays as an inverse sigmoid.
 *
 * <p>Two parts, each in a directory of its own and trained likewise: {@code scheduled}, and {@code teacher-forcing} that is
 * always given the truth. The bar is on the squared error from the wave without noise, running free after the first 12
 * values, as a share of what plain teacher forcing leaves.
 *
 * <p>It differs from the paper in that values are real, so that nothing is drawn from a softmax, and in that the gradient
 * flows through what is fed back.
 */
final class ScheduledSamplingModel extends ZooModel {
  private static final long BATCH = 64;
  private static final int HIDDEN = 32;
  private static final int STEPS = 48;
  private static final int GIVEN = 12;
  private static final double NOISE = 0.01;
  private static final double BAR = 0.8;
  private static final int TRAIN = 6400;
  private static final int EPOCHS = 14;
  private static final double DECAY = 80;
  private static final int SHOWN = 5;
  private static final String SCHEDULED = "/scheduled";
  private static final String FORCED = "/teacher-forcing";

  ScheduledSamplingModel() {
    super(
        new Card(
            "scheduled-sampling", RecurrentNetworks.FAMILY, "Bengio, Vinyals, Jaitly and Shazeer 2015",
            "free_running_error_ratio", Direction.LOWER, BAR, "sequences: noisy waves"));
  }

  private static List<Field> fields(long batch, long steps) {
    return List.of(Field.floats("x", batch, steps + 1), Field.floats("clean", batch, steps + 1));
  }

  /** [steps, batch, 1], from step {@code first} on. */
  private static Tensor sequence(StepContext c, String input, long first, long steps) {
    return c.input(input).slice(1, first, first + steps).transpose().expandDims(2);
  }

  /** Bool [steps, batch, 1]: the first {@code given} steps. */
  private static Tensor prefix(Tensor like, long given) {
    return Tensor.iota(like.builder(), DType.I32, like.shape(), 0).less(given);
  }

  private static Step training(SelfFedPredictor net, ScheduledSampling sampling, long batch, long steps, long given) {
    return Step.training(
        "train",
        net,
        fields(batch, steps),
        c -> {
          Tensor x = sequence(c, "x", 0, steps);
          Tensor truth = sampling.draw(c.random(), c.stepNumber(), steps, batch).or(prefix(x, given));
          Tensor loss = LossOps.squaredError(net.apply(x, truth), sequence(c, "x", 1, steps)).mean();
          Adam adam = new Adam(Schedule.exponential(8e-3, 0.5, 500));
          c.minimize(loss, Group.of(net, adam).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
  }

  private static Step running(SelfFedPredictor net, long batch, long steps, long given) {
    return Step.inference(
        "predict",
        net,
        fields(batch, steps),
        c -> {
          Tensor x = sequence(c, "x", 0, steps);
          Tensor y = net.apply(x, prefix(x, given));
          Tensor free = y.slice(0, given - 1, steps);
          Tensor wave = sequence(c, "clean", given, steps - given + 1);
          c.report("free_running_error", LossOps.squaredError(free, wave).mean(0, 2));
          c.report("predicted", y.squeeze(2).transpose());
        });
  }

  private static Blueprint blueprint(ScheduledSampling sampling, long hidden, long batch, long steps, long given) {
    SelfFedPredictor net = new SelfFedPredictor(1, hidden);
    return new Blueprint(
        List.of(training(net, sampling, batch, steps, given)), running(net, batch, steps, given));
  }

  private static ScheduledSampling scheduled() {
    return ScheduledSampling.inverseSigmoid(DECAY);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(scheduled(), HIDDEN, batch, STEPS, GIVEN);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(step -> step.like(0.5), 4, 3, 5, 2);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public String checkpointName() {
    return name() + SCHEDULED;
  }

  @Override
  public Values values() {
    return Values.random(2);
  }

  /** What came of one part: its free-running error, and what it makes of the first test waves, [shown, steps]. */
  private record Part(double error, float[] shown, Trainer.Outcome outcome) {}

  private Part train(TrainRequest request, String part, ScheduledSampling sampling) throws IOException {
    Blueprint plan = blueprint(sampling, HIDDEN, BATCH, STEPS, GIVEN);
    long seed = request.seed();
    try (ModelState state = new ModelState(request.lathe(), seed);
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, waves(256, seed + 1));
      // The last epoch counts: a choice by the free-running error would be a training for it.
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, new Batches(waves(TRAIN, seed), step, seed),
              () -> Map.of("free_running_error", error(validation))),
          request.part(part.substring(1)).options(name() + part, EPOCHS));
      Dataset test = waves(1000, seed + 2);
      double error = error(new Evaluation(predict, test));
      new Batches(test, predict, 0).fillInOrder(0);
      predict.run();
      return new Part(error, Arrays.copyOf(predict.report("predicted").toFloats(), SHOWN * STEPS), outcome);
    }
  }

  private static Dataset waves(int count, long seed) {
    return Sequences.waves(count, STEPS + 1, NOISE, seed);
  }

  private static double error(Evaluation evaluation) {
    return evaluation.run().getOrDefault("free_running_error", Double.NaN);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Part forced = train(request, FORCED, ScheduledSampling.TEACHER_FORCING);
    Part sampled = train(request, SCHEDULED, scheduled());
    Dataset test = waves(SHOWN, request.seed() + 2);
    for (int i = 0; i < SHOWN; i++) {
      draw(test, i)
          .line("after teacher forcing", times(GIVEN, STEPS + 1), free(forced.shown(), i))
          .line("after scheduled sampling", times(GIVEN, STEPS + 1), free(sampled.shown(), i))
          .write(request.out().resolve("wave-" + i + ".png"));
    }
    request.listener().note(
        String.format(
            Locale.ROOT, "squared error running free: %.4f after scheduled sampling, %.4f after teacher forcing",
            sampled.error(), forced.error()));
    return card().result(
        sampled.error() / forced.error(), forced.outcome().seconds() + sampled.outcome().seconds(),
        sampled.outcome().checkpoint());
  }

  /** A wave, and what was observed of it. */
  private static Plot draw(Dataset data, int index) {
    float[] clean = ((Column.Floats) data.column("clean")).data();
    float[] x = ((Column.Floats) data.column("x")).data();
    double[] time = times(0, STEPS + 1);
    return new Plot("Running free after " + GIVEN + " steps", "step", "value").within(-1.5, 1.5)
        .line("wave", time, wide(clean, index * (STEPS + 1), STEPS + 1))
        .points("given", times(0, GIVEN), wide(x, index * (STEPS + 1), GIVEN));
  }

  /**
   * With what was predicted.
   *
   * @param predictions [steps]
   */
  private static Plot draw(Dataset data, int index, float[] predictions) {
    return draw(data, index).line("predicted", times(GIVEN, STEPS + 1), free(predictions, 0));
  }

  /** The free-running part of row {@code index} of predictions [.., steps]. */
  private static double[] free(float[] predictions, int index) {
    return wide(predictions, index * STEPS + GIVEN - 1, STEPS + 1 - GIVEN);
  }

  private static double[] times(int from, int to) {
    return IntStream.range(from, to).asDoubleStream().toArray();
  }

  private static double[] wide(float[] values, int from, int count) {
    double[] out = new double[count];
    Arrays.setAll(out, i -> values[from + i]);
    return out;
  }

  @Override
  public List<Step> runSteps() {
    SelfFedPredictor net = new SelfFedPredictor(1, HIDDEN);
    return List.of(
        training(net, ScheduledSampling.TEACHER_FORCING, BATCH, STEPS, GIVEN), running(net, SHOWN, STEPS, GIVEN));
  }

  /** Goes on with waves that no training has seen, by the part whose checkpoint it is; a picture of each. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    String found = Checkpoint.describe(request.checkpoint()).model();
    String part = found.equals(name() + FORCED) ? found : checkpointName();
    long batch = Math.min(count, BATCH);
    Step step = running(new SelfFedPredictor(1, HIDDEN), batch, STEPS, GIVEN);
    Dataset data = waves(count, request.seed() + 3);
    Files.createDirectories(request.out());
    double sum = 0;
    try (ModelState state = load(request, part, step);
        BoundStep predict = BoundStep.bind(step, state)) {
      Batches batches = new Batches(data, predict, 0);
      for (int first = 0; first < count; first += batches.batchSize()) {
        int valid = batches.fillInOrder(first);
        predict.run();
        float[] predicted = predict.report("predicted").toFloats();
        for (int i = 0; i < valid; i++) {
          double error = predict.report("free_running_error").get(i);
          sum += error;
          Path file = request.out().resolve("wave-" + (first + i) + ".png");
          float[] own = Arrays.copyOfRange(predicted, i * STEPS, (i + 1) * STEPS);
          draw(data, first + i, own).write(file);
          request.found(
              "picture",
              String.format(Locale.ROOT, "wave %d: squared error %.4f running free: %s", first + i, error, file),
              "index", first + i, "squared_error", error, "file", file.toString());
        }
      }
    }
    return Map.of("free_running_error", sum / count);
  }
}
