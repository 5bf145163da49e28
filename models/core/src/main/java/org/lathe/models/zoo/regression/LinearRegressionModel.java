package org.lathe.models.zoo.regression;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
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
import org.lathe.models.zoo.parts.LeastSquares;

/**
 * Linear regression (Legendre 1805; Gauss 1809), x [batch, 8] to [batch, 1] by squared error, four times beside each other:
 * gradient descent over all data, over mini-batches, over all data with an L2 penalty (Hoerl and Kennard 1970), and with an
 * L1 penalty (Tibshirani 1996).
 *
 * <p>The bar is the largest distance of any of the four weights from the best ones, computed in float64 on the host, as a
 * share of their norm; see {@link LeastSquares}.
 */
final class LinearRegressionModel extends ZooModel {
  static final double L2 = 0.3;
  static final double L1 = 0.4;
  private static final double[] WEIGHTS = {1.5, -2, 0.8, 0, 0.3, 0, -1.1, 0};
  private static final double BIAS = 0.7;
  private static final int EXAMPLES = 600;
  private static final int BATCH = 30;
  private static final int EPOCHS = 40;
  private static final int SHOWN = 20;

  LinearRegressionModel() {
    super(
        new Card(
            "linear-regression", Regression.FAMILY, "Legendre 1805; Hoerl and Kennard 1970; Tibshirani 1996",
            "weight_error", Direction.LOWER, 0.01, "points: a linear function of eight correlated inputs with noise"));
  }

  /** How one of the four is fitted. */
  private enum Fit {
    FULL(null), STOCHASTIC(null), RIDGE(Regularizer.l2(L2)), LASSO(Regularizer.l1(L1));

    private final @Nullable Regularizer penalty;

    Fit(@Nullable Regularizer penalty) {
      this.penalty = penalty;
    }

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The weights, then the bias, that minimise the penalised error. */
    double[] best(double[][] x, double[] y) {
      return switch (this) {
        case FULL, STOCHASTIC -> LeastSquares.ridge(x, y, 0);
        case RIDGE -> LeastSquares.ridge(x, y, L2);
        case LASSO -> LeastSquares.lasso(x, y, L1);
      };
    }
  }

  private static final class Fits extends Module {
    private final Map<Fit, Linear> linear = new LinkedHashMap<>();

    Fits(long in) {
      for (Fit f : Fit.values()) {
        linear.put(f, child(f.label(), new Linear(in, 1, Initializer.ZEROS)));
      }
    }

    Linear get(Fit fit) {
      return Objects.requireNonNull(linear.get(fit));
    }

    Tensor minimize(StepContext c, Fit fit, Schedule rate) {
      Tensor loss = LossOps.squaredError(get(fit).apply(c.input("x")), c.input("y")).mean();
      Group group = Group.of(fit.label(), get(fit), new Sgd(rate, 0, false));
      c.minimize(loss, fit.penalty == null ? group : group.regularized(fit.penalty));
      return loss;
    }
  }

  private static Blueprint blueprint(long batch, long all) {
    Fits fits = new Fits(WEIGHTS.length);
    long steps = (long) EPOCHS * EXAMPLES / BATCH;
    Step full = Step.training(
        "full",
        fits,
        fields(all),
        c -> {
          c.report("loss", fits.minimize(c, Fit.FULL, Schedule.constant(0.1)));
          fits.minimize(c, Fit.RIDGE, Schedule.constant(0.1));
          fits.minimize(c, Fit.LASSO, Schedule.cosine(0.1, 0.001, steps));
        });
    Step stochastic = Step.training(
        "stochastic",
        fits,
        fields(batch),
        c -> c.report("loss", fits.minimize(c, Fit.STOCHASTIC, Schedule.cosine(0.05, 0, steps))));
    Step predict = Step.inference(
        "predict", fits, List.of(Field.floats("x", batch, WEIGHTS.length)),
        c -> c.report("output", fits.get(Fit.FULL).apply(c.input("x"))));
    return new Blueprint(List.of(full, stochastic), predict);
  }

  private static List<Field> fields(long batch) {
    return List.of(Field.floats("x", batch, WEIGHTS.length), Field.floats("y", batch, 1));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, EXAMPLES);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 17);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  /** Columns {@code x} [8], each input being mixed with the one before, {@code y} [1]. */
  private static Dataset points(int count, double noise, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    int width = WEIGHTS.length;
    float[] x = new float[width * count];
    float[] y = new float[count];
    for (int i = 0; i < count; i++) {
      double before = 0;
      double value = BIAS + noise * random.nextGaussian();
      for (int k = 0; k < width; k++) {
        before = 0.5 * before + random.nextGaussian();
        x[i * width + k] = (float) before;
        value += WEIGHTS[k] * x[i * width + k];
      }
      y[i] = (float) value;
    }
    return new Dataset(
        "linear function", List.of(new Column.Floats("x", Dims.of(width), x), new Column.Floats("y", Dims.of(1), y)));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset data = points(EXAMPLES, 0.5, request.seed());
    double[][] x = LeastSquares.rows(data, "x");
    double[] y = LeastSquares.column(data, "y");
    Map<Fit, double[]> best = new LinkedHashMap<>();
    for (Fit f : Fit.values()) {
      best.put(f, f.best(x, y));
    }
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep full = BoundStep.bind(plan.training().get(0), state);
        BoundStep stochastic = BoundStep.bind(plan.training().get(1), state)) {
      new Batches(data, full, request.seed()).fill(0);
      Batches batches = new Batches(data, stochastic, request.seed());
      TrainingTask task = new TrainingTask() {
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
          full.run();
          batches.fill(index);
          stochastic.run();
          return full.value("loss");
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          return Map.of("weight_error", worst(state, best));
        }
      };
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), EPOCHS));
      List<String> lines = new ArrayList<>();
      best.forEach((fit, weights) -> lines.add(describe(fit, found(state, fit), weights)));
      Files.write(request.out().resolve("weights.txt"), lines);
      lines.forEach(request.listener()::note);
      return card().result(worst(state, best), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static double worst(ModelState state, Map<Fit, double[]> best) {
    return best.entrySet().stream()
        .mapToDouble(e -> LeastSquares.distance(found(state, e.getKey()), e.getValue()))
        .max().orElseThrow();
  }

  private static double[] found(ModelState state, Fit fit) {
    double[] weights = state.array(fit.label() + ".weight").toDoubles();
    double[] all = Arrays.copyOf(weights, weights.length + 1);
    all[weights.length] = state.array(fit.label() + ".bias").get(0);
    return all;
  }

  private static String describe(Fit fit, double[] found, double[] best) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-10s", fit.label()));
    for (int k = 0; k < found.length; k++) {
      line.append(String.format(Locale.ROOT, "  %.3f (%.3f)", found[k], best[k]));
    }
    return line.append(String.format(Locale.ROOT, "  error %.4f", LeastSquares.distance(found, best))).toString();
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(SHOWN).inference());
  }

  /** Predictions of the fit over all data for new points. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Dataset data = points(count, 0, request.seed() + (1L << 32));
    double[] y = LeastSquares.column(data, "y");
    Step step = blueprint(count).inference();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      new Batches(data, predict, request.seed()).fillInOrder(0);
      predict.run();
      float[] found = predict.report("output").toFloats();
      double squares = 0;
      for (int i = 0; i < count; i++) {
        squares += Math.pow(found[i] - y[i], 2);
        request.found(
            "prediction", String.format(Locale.ROOT, "point %d: %.4f, predicted %.4f", i, y[i], found[i]),
            "index", i, "label", y[i], "predicted", found[i]);
      }
      return Map.of("squared_error", squares / count);
    }
  }
}
