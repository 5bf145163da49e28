package org.lathe.models.zoo.regression;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EpochRecord;
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
import org.lathe.models.linalg.LinearAlgebra;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.Plot;

/**
 * A deep linear network that learns a hierarchy of things (Saxe, McClelland and Ganguli 2014): items [8, 8], each a one-hot
 * row, through 16 linear hidden units to attributes [8, 15], by gradient descent over all items from small weights.
 *
 * <p>The items are the leaves of a binary tree and an attribute is a node of it, which the items below it have. The
 * singular modes of that table are the distinctions at each level of the tree, and the paper shows that a mode of strength s
 * is learned in a time like 1/s: first what is common, then coarse distinctions, then fine ones. The bar is the share of
 * pairs of modes of unequal strength that reach half of it in that order.
 *
 * <p>It also writes how alike the items are in the hidden layer, all through the training, and each mode's strength beside
 * the paper's curve.
 */
final class DeepLinearModel extends ZooModel {
  private static final int ITEMS = 8;
  private static final int HIDDEN = 16;
  private static final int ATTRIBUTES = 15;
  static final double RATE = 0.02;
  private static final int STEPS_PER_EPOCH = 10;
  private static final int EPOCHS = 60;
  /** How many pictures of the hidden layer are kept. */
  private static final int PICTURES = 20;
  private static final int COLUMNS = 10;
  private static final double SAME = 1e-6;

  DeepLinearModel() {
    super(
        new Card(
            "deep-linear", Regression.FAMILY, "Saxe, McClelland and Ganguli 2014", "ordered", Direction.HIGHER, 1,
            "points: items and attributes of a tree"));
  }

  /** Two linear layers without biases. State: {@code similarity} [pictures, items, items], of hidden activities. */
  private static final class Net extends Module {
    final Linear in;
    final Linear out;
    private final Parameter similarity;

    Net(long items, long hidden, long attributes) {
      in = child("in", new Linear(items, hidden, Initializer.normal(0.01), null));
      out = child("out", new Linear(hidden, attributes, Initializer.normal(0.01), null));
      similarity = state("similarity", Initializer.ZEROS, PICTURES, items, items);
    }

    Tensor apply(Tensor x) {
      return out.apply(in.apply(x));
    }

    /** Half of the squared error, summed over attributes and items. */
    Tensor loss(Tensor x, Tensor y) {
      return LossOps.squaredError(apply(x), y).sum().mul(0.5);
    }

    /** Keeps how alike the items' hidden activities are, in the place of this part of the training. */
    void record(StepContext c, Tensor x) {
      Tensor hidden = in.apply(x);
      Tensor old = similarity.tensor();
      Tensor place = c.stepNumber().div((double) EPOCHS * STEPS_PER_EPOCH / PICTURES).floor();
      Tensor here = Tensor.iota(x.builder(), DType.F32, old.shape(), 0).equalTo(place.broadcastTo(old.shape()));
      similarity.update(here.where(hidden.matmul(hidden.transpose()).expandDims(0).broadcastTo(old.shape()), old));
    }
  }

  private static Blueprint blueprint(long items, long hidden, long attributes) {
    Net net = new Net(items, hidden, attributes);
    List<Field> fields = List.of(Field.floats("x", items, items), Field.floats("y", items, attributes));
    Step train = Step.training(
        "train",
        net,
        fields,
        c -> {
          Tensor loss = net.loss(c.input("x"), c.input("y"));
          c.minimize(loss, Group.of(net, new Sgd(RATE)));
          net.record(c, c.input("x"));
          c.report("loss", loss);
        });
    Step predict = Step.inference(
        "predict", net, List.of(Field.floats("x", items, items)), c -> c.report("output", net.apply(c.input("x"))));
    return new Blueprint(List.of(train), predict);
  }

  /** The batch is all items, whatever its size. */
  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(ITEMS, HIDDEN, ATTRIBUTES);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 5, 4);
  }

  @Override
  public long batch() {
    return ITEMS;
  }

  @Override
  public Values values() {
    return Values.random(1);
  }

  /** [items][items]. */
  private static float[] items() {
    float[] x = new float[ITEMS * ITEMS];
    for (int i = 0; i < ITEMS; i++) {
      x[i * ITEMS + i] = 1;
    }
    return x;
  }

  /** [items, attributes]: 1 where the item is below the node; the nodes level by level from the root. */
  static float[] attributes() {
    float[] y = new float[ITEMS * ATTRIBUTES];
    for (int i = 0; i < ITEMS; i++) {
      for (int node = 0; node < ATTRIBUTES; node++) {
        int level = 31 - Integer.numberOfLeadingZeros(node + 1);
        int first = (1 << level) - 1;
        y[i * ATTRIBUTES + node] = i * (1 << level) / ITEMS == node - first ? 1 : 0;
      }
    }
    return y;
  }

  private static LinearAlgebra.Svd modes() {
    float[] y = attributes();
    double[][] table = new double[ITEMS][ATTRIBUTES];
    for (int i = 0; i < y.length; i++) {
      table[i / ATTRIBUTES][i % ATTRIBUTES] = y[i];
    }
    return LinearAlgebra.svd(table);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    LinearAlgebra.Svd modes = modes();
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(blueprint(ITEMS).training().getFirst(), state)) {
      step.input("x").write(items());
      step.input("y").write(attributes());
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.repeating(step, STEPS_PER_EPOCH, () -> strengths(state, modes)),
          request.options(name(), EPOCHS));
      PictureGrid.writeSigned(
          request.out().resolve("similarity.png"), state.array("similarity").toFloats(), ITEMS, COLUMNS);
      plot(request, outcome.history(), modes);
      double[] half = halfTimes(outcome.history(), modes);
      for (int k = 0; k < half.length; k++) {
        request.listener().note(
            String.format(Locale.ROOT, "mode %d of strength %.3f: half learned after %.0f epochs", k, modes.s()[k],
                half[k]));
      }
      return card().result(ordered(half, modes.s()), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** How much of each mode the whole network has: {@code u^T (W1 W2) v}. */
  private static Map<String, Double> strengths(ModelState state, LinearAlgebra.Svd modes) {
    double[] in = state.array("in.weight").toDoubles();
    double[] out = state.array("out.weight").toDoubles();
    Map<String, Double> found = new LinkedHashMap<>();
    for (int k = 0; k < modes.s().length; k++) {
      double sum = 0;
      for (int h = 0; h < HIDDEN; h++) {
        double left = 0;
        double right = 0;
        for (int i = 0; i < ITEMS; i++) {
          left += modes.u()[k][i] * in[i * HIDDEN + h];
        }
        for (int a = 0; a < ATTRIBUTES; a++) {
          right += out[h * ATTRIBUTES + a] * modes.v()[k][a];
        }
        sum += left * right;
      }
      found.put("mode_" + k, sum);
    }
    return found;
  }

  /** After how many epochs each mode is half learned; infinite if it never is. */
  private static double[] halfTimes(List<EpochRecord> history, LinearAlgebra.Svd modes) {
    double[] half = new double[modes.s().length];
    Arrays.setAll(
        half,
        k -> history.stream()
            .filter(r -> r.metrics().getOrDefault("mode_" + k, 0.0) >= modes.s()[k] / 2)
            .mapToDouble(r -> r.epoch() + 1)
            .findFirst().orElse(Double.POSITIVE_INFINITY));
    return half;
  }

  /** The share of pairs of unequal strength of which the stronger is learned first. */
  private static double ordered(double[] half, double[] strengths) {
    int pairs = 0;
    int right = 0;
    for (int i = 0; i < half.length; i++) {
      for (int j = i + 1; j < half.length; j++) {
        if (strengths[i] - strengths[j] > SAME) {
          pairs++;
          right += half[i] < half[j] ? 1 : 0;
        }
      }
    }
    return (double) right / pairs;
  }

  /**
   * The paper's equation 9: a mode's strength after some steps.
   *
   * @param first its strength at the start
   */
  static double predicted(double strength, double first, double steps) {
    double grown = Math.exp(2 * strength * steps * RATE);
    return strength * grown / (grown - 1 + strength / first);
  }

  private static void plot(TrainRequest request, List<EpochRecord> history, LinearAlgebra.Svd modes)
      throws IOException {
    Plot plot = new Plot("singular modes", "steps", "strength");
    double[] steps = history.stream().mapToDouble(r -> (r.epoch() + 1.0) * STEPS_PER_EPOCH).toArray();
    for (int k = 0; k < modes.s().length; k++) {
      String mode = "mode_" + k;
      double[] found = history.stream().mapToDouble(r -> r.metrics().getOrDefault(mode, Double.NaN)).toArray();
      plot.line(String.format(Locale.ROOT, "mode %d, %.2f", k, modes.s()[k]), steps, found);
      int from = 0;
      while (from < found.length - 1 && found[from] < modes.s()[k] / 10) {
        from++;
      }
      double first = found[from];
      double start = steps[from];
      double strength = modes.s()[k];
      if (first > 0 && first < strength) {
        plot.edge("theory " + k, steps, Arrays.stream(steps).map(t -> predicted(strength, first, t - start)).toArray());
      }
    }
    plot.write(request.out().resolve("modes.png"));
  }

  /** The attributes that each item is given. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    request.refuseCount(name(), ITEMS + " items");
    Step step = blueprint(ITEMS).inference();
    float[] expected = attributes();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.input("x").write(items());
      predict.run();
      float[] y = predict.report("output").toFloats();
      double largest = 0;
      for (int i = 0; i < ITEMS; i++) {
        StringBuilder line = new StringBuilder("item " + i + ":");
        for (int a = 0; a < ATTRIBUTES; a++) {
          int at = i * ATTRIBUTES + a;
          largest = Math.max(largest, Math.abs(y[at] - expected[at]));
          line.append(String.format(Locale.ROOT, " %.2f", y[at]));
        }
        request.found("prediction", line.toString(), "index", i);
      }
      return Map.of("max_error", largest);
    }
  }
}
