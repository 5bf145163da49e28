package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
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
 * Kohonen's self-organising map (1982): points x [batch, 2] on a grid of 12 x 12 units, each with a weight [2]. For one
 * point after the other the unit nearest to it and, less, its neighbours on the grid move towards it; neighbourhood and
 * rate shrink exponentially over the training.
 *
 * <p>Metrics on points not trained on: {@code quantisation}, the mean distance of a point from its unit, as a share of what
 * it was before training; {@code topographic_error}, the share of points whose two nearest units are not next to each other
 * on the grid, in a row, a column or a diagonal (Kiviluoto 1996). The bar is on the first, and the training fails too if the
 * second is above 0.1.
 */
final class SomModel extends ZooModel {
  private static final int SIDE = 12;
  private static final int BATCH = 100;
  private static final int TRAIN = 5_000;
  private static final int TEST = 2_000;
  private static final int EPOCHS = 10;
  private static final double TOPOGRAPHIC_BAR = 0.1;
  private static final int SHOWN = 20;

  SomModel() {
    super(
        new Card(
            "som", Neurons.FAMILY, "Kohonen 1982", "quantisation", Direction.LOWER, 0.5,
            "points: uniform in a square"));
  }

  /** Units on a grid, in rows. Parameter: {@code weight} [units, in]. */
  private static final class Som extends Module {
    final Parameter weight;
    private final int side;

    Som(int side, long in) {
      this.side = side;
      weight = parameter("weight", Initializer.uniform(0.1), (long) side * side, in);
    }

    /** Squared distances of points [batch, in] from all units, [batch, units]. */
    Tensor distances(Tensor x) {
      return x.expandDims(1).sub(weight.tensor().expandDims(0)).square().sum(2);
    }

    /** The units' places on the grid, [units, 2]. */
    private Tensor grid(Tensor like) {
      double[] places = new double[2 * side * side];
      for (int u = 0; u < side * side; u++) {
        places[2 * u] = u / side;
        places[2 * u + 1] = u % side;
      }
      return Tensor.constant(like.builder(), Literal.of(TensorType.of(DType.F32, places.length / 2, 2), places));
    }

    /** Gives the mean distance of the points from their units, before each is learned. */
    Tensor learn(StepContext c, Tensor x, long steps) {
      Tensor progress = c.stepNumber().div(steps).minimum(1);
      Tensor rate = progress.mul(Math.log(0.02 / 0.5)).exp().mul(0.5);
      Tensor radius = progress.mul(Math.log(0.7 / (side / 2.0))).exp().mul(side / 2.0);
      Tensor sharpness = radius.square().mul(2).reciprocal();
      Tensor grid = grid(x);
      ControlFlow.Scanned pass = ControlFlow.scan(
          List.of(weight.tensor()),
          List.of(x),
          (carries, elements) -> {
            Tensor w = carries.getFirst();
            Tensor difference = elements.getFirst().expandDims(0).sub(w);
            Tensor distances = difference.square().sum(1);
            Tensor winner = distances.argMin(0);
            Tensor apart = grid.sub(grid.gather(winner).expandDims(0)).square().sum(1);
            Tensor pull = apart.mul(sharpness).neg().exp().mul(rate);
            return new ControlFlow.Step(w.add(difference.mul(pull.expandDims(1))), distances.min().sqrt());
          });
      c.assign(weight, pass.carry());
      return pass.output().mean();
    }

    /** 1 where the two nearest units are not neighbours, [batch]. */
    Tensor topographicError(Tensor distances) {
      Tensor nearest = distances.neg().topK(2).get(1);
      Tensor places = grid(distances).gather(nearest);
      Tensor apart = places.at(1, 0).sub(places.at(1, 1)).abs().max(1);
      return apart.greater(1.5).cast(DType.F32);
    }
  }

  private static Blueprint blueprint(long batch, int side, long in) {
    Som som = new Som(side, in);
    List<Field> fields = List.of(Field.floats("x", batch, in));
    Step learn = Step.rule(
        "learn",
        som,
        fields,
        "Kohonen's competitive rule",
        c -> c.report("loss", som.learn(c, c.input("x"), (long) EPOCHS * TRAIN / BATCH)));
    Step predict = Step.inference(
        "predict",
        som,
        fields,
        c -> {
          Tensor d = som.distances(c.input("x"));
          c.report("distance", d.min(1).sqrt());
          c.report("topographic_error", som.topographicError(d));
          c.report("unit", d.argMin(1).cast(DType.F32));
        });
    return new Blueprint(List.of(learn), predict);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, SIDE, 2);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(5, 3, 2);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(1, r -> 2 * r.nextDouble() - 1);
  }

  private static Dataset square(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[2 * count];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (2 * random.nextDouble() - 1);
    }
    return new Dataset("square", List.of(new Column.Floats("x", Dims.of(2), x)));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(BATCH);
    Dataset test = square(TEST, request.seed() + 1);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation evaluation = new Evaluation(predict, test);
      double before = evaluation.run().getOrDefault("distance", Double.NaN);
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, new Batches(square(TRAIN, request.seed()), step, request.seed()),
              () -> metrics(evaluation, before)),
          request.options(name(), EPOCHS));
      Map<String, Double> found = metrics(evaluation, before);
      draw(request.out().resolve("map.png"), state.array("weight").toFloats(), test);
      double quantisation = found.getOrDefault("quantisation", Double.NaN);
      double topographic = found.getOrDefault("topographic_error", Double.NaN);
      request.listener().note(
          String.format(
              Locale.ROOT, "quantisation error %.4f, before %.4f; topographic error %.4f", quantisation * before,
              before,
              topographic));
      TrainResult result = card().result(quantisation, outcome.seconds(), outcome.checkpoint());
      return topographic <= TOPOGRAPHIC_BAR
          ? result
          : new TrainResult(
              "topographic_error", topographic, TOPOGRAPHIC_BAR, false, result.seconds(), result.checkpoint());
    }
  }

  private static Map<String, Double> metrics(Evaluation evaluation, double before) {
    Map<String, Double> means = evaluation.run();
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("quantisation", means.getOrDefault("distance", Double.NaN) / before);
    metrics.put("topographic_error", means.getOrDefault("topographic_error", Double.NaN));
    return metrics;
  }

  /** The grid's mesh in the plane of the points. */
  private static void draw(Path file, float[] weights, Dataset points) throws IOException {
    float[] x = ((Column.Floats) points.column("x")).data();
    double[][] at = new double[2][x.length / 2];
    for (int i = 0; i < x.length; i++) {
      at[i % 2][i / 2] = x[i];
    }
    Plot plot = new Plot("self-organising map", "x", "y").points("points", at[0], at[1]);
    for (int line = 0; line < SIDE; line++) {
      double[][] row = new double[2][SIDE];
      double[][] column = new double[2][SIDE];
      for (int k = 0; k < SIDE; k++) {
        for (int d = 0; d < 2; d++) {
          row[d][k] = weights[2 * (line * SIDE + k) + d];
          column[d][k] = weights[2 * (k * SIDE + line) + d];
        }
      }
      plot.edge("row " + line, row[0], row[1]).edge("column " + line, column[0], column[1]);
    }
    plot.write(file);
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(SHOWN).inference());
  }

  /** Which unit of the grid answers to each of some new points. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Dataset points = square(count, request.seed() + 2);
    float[] x = ((Column.Floats) points.column("x")).data();
    Step step = blueprint(count).inference();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.input("x").write(x);
      predict.run();
      float[] units = predict.report("unit").toFloats();
      float[] distances = predict.report("distance").toFloats();
      double sum = 0;
      for (int i = 0; i < count; i++) {
        int row = (int) units[i] / SIDE;
        int column = (int) units[i] % SIDE;
        sum += distances[i];
        request.found(
            "prediction",
            String.format(
                Locale.ROOT, "(%.3f, %.3f): unit in row %d, column %d, at a distance of %.3f", x[2 * i], x[2 * i + 1],
                row,
                column, distances[i]),
            "index", i, "x", List.of(x[2 * i], x[2 * i + 1]), "row", row, "column", column, "distance", distances[i]);
      }
      return Map.of("distance", sum / count);
    }
  }
}
