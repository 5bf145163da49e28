package org.lathe.models.zoo.regression;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Points;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
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
import org.lathe.models.zoo.parts.LeastSquares;
import org.lathe.models.zoo.parts.Plot;

/**
 * Polynomials of degree 3, of degree 12, and of degree 12 with an L2 penalty, fitted by gradient descent with Nesterov's
 * momentum to {@value #EXAMPLES} noisy points of a cubic: x [batch, 1] to [batch, 1]. Of the three the second fits its
 * points best and new ones worst.
 *
 * <p>The bar is what is left of the gap between the test errors of degree 12 and degree 3 when the penalty is on. The
 * training fails if degree 12 has not the smaller training error, or not the larger test error.
 *
 * <p>The polynomials are sums of Legendre's, in which gradient descent converges; in powers of x it would not.
 */
final class PolynomialRegressionModel extends ZooModel {
  static final int EXAMPLES = 15;
  private static final double[] CUBIC = {0.2, -1.2, 0.3, 1.6};
  private static final double NOISE = 0.3;
  private static final int TEST = 500;
  private static final int STEPS_PER_EPOCH = 1_000;
  private static final int EPOCHS = 20;
  private static final int SHOWN = 20;
  private static final int PLOTTED = 200;

  PolynomialRegressionModel() {
    super(
        new Card(
            "polynomial-regression", Regression.FAMILY, "Gergonne 1815; Hoerl and Kennard 1970", "gap_left",
            Direction.LOWER, 0.1, "points: a cubic with noise"));
  }

  /** A curve. */
  private enum Fit {
    CUBIC(3, null), FREE(12, null), RIDGE(12, Regularizer.l2(0.01));

    private final int degree;
    private final @Nullable Regularizer penalty;

    Fit(int degree, @Nullable Regularizer penalty) {
      this.degree = degree;
      this.penalty = penalty;
    }

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final class Fits extends Module {
    private final Map<Fit, Linear> linear = new LinkedHashMap<>();

    Fits() {
      for (Fit f : Fit.values()) {
        linear.put(f, child(f.label(), new Linear(f.degree + 1, 1, Initializer.ZEROS, null)));
      }
    }

    Tensor apply(Fit fit, Tensor x) {
      return Objects.requireNonNull(linear.get(fit)).apply(legendre(x, fit.degree));
    }

    Tensor minimize(StepContext c, Fit fit) {
      Tensor loss = LossOps.squaredError(apply(fit, c.input("x")), c.input("y")).mean();
      Group group = Group.of(fit.label(), Objects.requireNonNull(linear.get(fit)), new Sgd(
          Schedule.constant(0.1), 0.99, true));
      c.minimize(loss, fit.penalty == null ? group : group.regularized(fit.penalty));
      return loss;
    }
  }

  /** Legendre's polynomials of degree 0 to {@code degree} at x [batch, 1], each of mean square 1 on [-1, 1]. */
  static Tensor legendre(Tensor x, int degree) {
    List<Tensor> p = new ArrayList<>(List.of(x.like(1), x));
    for (int n = 1; n < degree; n++) {
      p.add(x.mul(p.get(n)).mul((2.0 * n + 1) / (n + 1)).sub(p.get(n - 1).mul((double) n / (n + 1))));
    }
    List<Tensor> scaled = new ArrayList<>();
    for (int n = 0; n <= degree; n++) {
      scaled.add(p.get(n).mul(Math.sqrt(2 * n + 1)));
    }
    return Tensor.concat(1, scaled);
  }

  @Override
  public Blueprint blueprint(long batch) {
    Fits fits = new Fits();
    List<Field> fields = List.of(Field.floats("x", batch, 1), Field.floats("y", batch, 1));
    Step train = Step.training(
        "train",
        fits,
        fields,
        c -> {
          for (Fit f : Fit.values()) {
            c.report(f == Fit.FREE ? "loss" : f.label(), fits.minimize(c, f));
          }
        });
    Step predict = Step.inference(
        "predict",
        fits,
        fields,
        c -> {
          for (Fit f : Fit.values()) {
            c.report(f.label(), LossOps.squaredError(fits.apply(f, c.input("x")), c.input("y")).flatten());
          }
        });
    return new Blueprint(List.of(train), predict);
  }

  @Override
  public long batch() {
    return EXAMPLES;
  }

  @Override
  public Values values() {
    return Values.uniform(1, r -> 2 * r.nextDouble() - 1);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset data = Points.polynomial(EXAMPLES, CUBIC, NOISE, request.seed());
    Dataset test = Points.polynomial(TEST, CUBIC, NOISE, request.seed() + (1L << 32));
    Blueprint plan = blueprint(EXAMPLES);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      new Batches(data, step, request.seed()).fill(0);
      Evaluation onTrain = new Evaluation(predict, data);
      Evaluation onTest = new Evaluation(predict, test);
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.repeating(step, STEPS_PER_EPOCH, () -> Map.of("gap_left", gapLeft(onTest.run()))),
          request.options(name(), EPOCHS));
      Map<String, Double> train = onTrain.run();
      Map<String, Double> tested = onTest.run();
      for (Fit f : Fit.values()) {
        request.listener().note(
            String.format(
                Locale.ROOT, "degree %d%s: squared error %.4f on its %d points, %.4f on %d others", f.degree,
                f.penalty == null ? "" : " with L2", at(train, f), EXAMPLES, at(tested, f), TEST));
      }
      plot(request, state, data);
      TrainResult result = card().result(gapLeft(tested), outcome.seconds(), outcome.checkpoint());
      boolean overfits = at(train, Fit.FREE) < at(train, Fit.CUBIC) && at(tested, Fit.FREE) > at(tested, Fit.CUBIC);
      return overfits
          ? result
          : new TrainResult(
              "test_error_ratio", at(tested, Fit.FREE) / at(tested, Fit.CUBIC), 1, false, result.seconds(),
              result.checkpoint());
    }
  }

  private static double at(Map<String, Double> errors, Fit fit) {
    return errors.getOrDefault(fit.label(), Double.NaN);
  }

  private static double gapLeft(Map<String, Double> errors) {
    double gap = at(errors, Fit.FREE) - at(errors, Fit.CUBIC);
    return Math.max(0, at(errors, Fit.RIDGE) - at(errors, Fit.CUBIC)) / gap;
  }

  private static Step drawing(long count) {
    Fits fits = new Fits();
    return Step.inference(
        "run",
        fits,
        List.of(Field.floats("x", count, 1)),
        c -> {
          for (Fit f : Fit.values()) {
            c.report(f.label(), fits.apply(f, c.input("x")));
          }
        });
  }

  @Override
  public List<Step> runSteps() {
    return List.of(drawing(PLOTTED), drawing(SHOWN));
  }

  private static float[] line(int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = count == 1 ? 0 : -1 + 2f * i / (count - 1);
    }
    return x;
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  private static void plot(TrainRequest request, ModelState state, Dataset data) throws IOException {
    float[] x = line(PLOTTED);
    try (BoundStep draw = BoundStep.bind(drawing(x.length), state)) {
      draw.input("x").write(x);
      draw.run();
      Plot plot = new Plot("polynomials", "x", "y").within(-3, 3)
          .points("points", LeastSquares.column(data, "x"), LeastSquares.column(data, "y"));
      for (Fit f : Fit.values()) {
        plot.line(
            "degree " + f.degree + (f.penalty == null ? "" : " with L2"), wide(x),
            wide(draw.report(f.label()).toFloats()));
      }
      plot.write(request.out().resolve("polynomials.png"));
    }
  }

  /** The three curves at points from -1 to 1. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    float[] x = line(count);
    Step step = drawing(count);
    try (ModelState state = load(request, name(), step);
        BoundStep draw = BoundStep.bind(step, state)) {
      draw.input("x").write(x);
      draw.run();
      float[] cubic = draw.report(Fit.CUBIC.label()).toFloats();
      float[] free = draw.report(Fit.FREE.label()).toFloats();
      float[] ridge = draw.report(Fit.RIDGE.label()).toFloats();
      for (int i = 0; i < count; i++) {
        request.found(
            "prediction",
            String.format(
                Locale.ROOT, "x = %.3f: degree 3 %.4f, degree 12 %.4f, with L2 %.4f", x[i], cubic[i], free[i],
                ridge[i]),
            "index", i, "x", x[i], "cubic", cubic[i], "free", free[i], "ridge", ridge[i]);
      }
    }
    return Map.of();
  }
}
