package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.BoundSteps;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
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

/**
 * Ivakhnenko and Lapa's group method of data handling (1965): x [batch, 5] to [batch], by layers of quadratic polynomials
 * of pairs; see {@link Gmdh}. A step makes a layer: least squares for all pairs at once, of which an external criterion,
 * the error on data that was not fitted to, keeps the best. The layer whose criterion is least gives the output.
 *
 * <p>The data is a quadratic form of the five inputs with noise; the bar is the share of its variance explained on points
 * that neither the fit nor the criterion saw.
 *
 * <p>It differs from the paper in that every layer sees the inputs again, without which layers of pairs come near a sum of
 * more than two terms only slowly.
 */
final class GmdhModel extends ZooModel {
  private static final int INPUTS = 5;
  private static final int UNITS = 6;
  private static final int LAYERS = 5;
  private static final int EXAMPLES = 1_000;
  private static final int TEST = 1_000;
  private static final double NOISE = 0.05;
  private static final int SHOWN = 20;

  GmdhModel() {
    super(
        new Card(
            "gmdh", Neurons.FAMILY, "Ivakhnenko and Lapa 1965", "r2", Direction.HIGHER, 0.99,
            "points: a quadratic form of five inputs with noise"));
  }

  private static Blueprint blueprint(long batch, int inputs, int units, int layers) {
    Gmdh net = new Gmdh(units, layers);
    List<Step> grow = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      int number = layer;
      grow.add(
          Step.rule(
              "layer." + layer,
              net,
              List.of(
                  Field.floats("x", batch, inputs), Field.floats("y", batch), Field.floats("held.x", batch, inputs),
                  Field.floats("held.y", batch)),
              "layerwise least squares and selection",
              c -> c.report(
                  "loss",
                  net.grow(c, number, c.input("x"), c.input("y"), c.input("held.x"), c.input("held.y")))));
    }
    Step predict = Step.inference(
        "predict", net, List.of(Field.floats("x", batch, inputs)), c -> c.report("output", net.apply(c.input("x"))));
    return new Blueprint(grow, predict);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, INPUTS, UNITS, LAYERS);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(17, 4, 3, 2);
  }

  @Override
  public long batch() {
    return EXAMPLES;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  /** Columns {@code x} [5] normal, {@code y} scalar. */
  private static Dataset quadratic(int count, double noise, long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    float[] x = new float[INPUTS * count];
    float[] y = new float[count];
    for (int i = 0; i < count; i++) {
      double[] p = new double[INPUTS];
      for (int k = 0; k < INPUTS; k++) {
        p[k] = random.nextGaussian();
        x[i * INPUTS + k] = (float) p[k];
      }
      double value = 0.5 + p[0] - 0.8 * p[1] * p[2] + 0.5 * p[3] * p[3] + 0.6 * p[0] * p[4] - 0.3 * p[1];
      y[i] = (float) (value + noise * random.nextGaussian());
    }
    return new Dataset(
        "quadratic form", List.of(new Column.Floats("x", Dims.of(INPUTS), x), new Column.Floats("y", Dims.of(), y)));
  }

  private static Dataset joined(Dataset fitted, Dataset held) {
    List<Column> columns = new ArrayList<>(fitted.columns());
    for (Column c : held.columns()) {
      Column.Floats f = (Column.Floats) c;
      columns.add(new Column.Floats("held." + f.name(), f.shape(), f.data()));
    }
    return new Dataset(fitted.name(), columns);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Dataset data = joined(
        quadratic(EXAMPLES, NOISE, request.seed()), quadratic(EXAMPLES, NOISE, request.seed() + (1L << 32)));
    Dataset test = quadratic(TEST, 0, request.seed() + (2L << 32));
    Blueprint plan = blueprint(EXAMPLES);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps grow = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(blueprint(TEST).inference(), state)) {
      List<BoundStep> layers = grow.all();
      predict.input("x").write(floats(test, "x"));
      List<Batches> batches = layers.stream().map(step -> new Batches(data, step, request.seed())).toList();
      TrainingTask task = new TrainingTask() {
        @Override
        public int iterationsPerEpoch() {
          return 1;
        }

        @Override
        public void beginEpoch(int epoch) {
          batches.get(epoch).fill(0);
        }

        @Override
        public double iterate(int epoch, int index) {
          layers.get(epoch).run();
          return layers.get(epoch).value("loss");
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          predict.run();
          return Map.of("r2", r2(predict.report("output").toFloats(), floats(test, "y")));
        }
      };
      int most = Math.min(LAYERS, request.epochsOr(LAYERS));
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), LAYERS).withEpochs(most));
      predict.run();
      Files.write(request.out().resolve("units.txt"), describe(state));
      return card().result(
          r2(predict.report("output").toFloats(), floats(test, "y")), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static float[] floats(Dataset data, String column) {
    return ((Column.Floats) data.column(column)).data();
  }

  /** 1 less the squared error as a share of the variance. */
  static double r2(float[] found, float[] expected) {
    double mean = 0;
    for (float e : expected) {
      mean += e / (double) expected.length;
    }
    double error = 0;
    double variance = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(found[i] - expected[i], 2);
      variance += Math.pow(expected[i] - mean, 2);
    }
    return 1 - error / variance;
  }

  /** What a layer calls the value of this number. */
  private static String value(int layer, int number) {
    boolean input = layer == 0 || number >= UNITS;
    return input ? "x" + (number - (layer == 0 ? 0 : UNITS) + 1) : "u" + layer + "." + (number + 1);
  }

  /** The kept units of each layer. */
  private static List<String> describe(ModelState state) {
    double[] all = state.array("coefficients").toDoubles();
    double[] first = state.array("first").toDoubles();
    double[] second = state.array("second").toDoubles();
    double[] criterion = state.array("criterion").toDoubles();
    List<String> lines = new ArrayList<>();
    for (int layer = 0; layer < LAYERS; layer++) {
      lines.add(String.format(Locale.ROOT, "layer %d: criterion %.6f", layer + 1, criterion[layer]));
      for (int u = 0; u < UNITS; u++) {
        int at = layer * UNITS + u;
        lines.add(
            "  u" + (layer + 1) + "." + (u + 1) + " = " + Gmdh.describe(
                Arrays.copyOfRange(all, 6 * at, 6 * at + 6), value(layer, (int) first[at]),
                value(layer, (int) second[at])));
      }
    }
    return lines;
  }

  @Override
  public List<Step> runSteps() {
    return List.of(blueprint(TEST).inference(), blueprint(SHOWN).inference());
  }

  /** Predictions for new points. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Dataset points = quadratic(count, 0, request.seed() + (3L << 32));
    float[] expected = floats(points, "y");
    Step step = blueprint(count).inference();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.input("x").write(floats(points, "x"));
      predict.run();
      float[] found = predict.report("output").toFloats();
      double squares = 0;
      for (int i = 0; i < count; i++) {
        squares += Math.pow(found[i] - expected[i], 2);
        request.found(
            "prediction",
            String.format(Locale.ROOT, "point %d: %.4f, predicted %.4f", i, expected[i], found[i]),
            "index", i, "label", expected[i], "predicted", found[i]);
      }
      return Map.of("squared_error", squares / count);
    }
  }
}
