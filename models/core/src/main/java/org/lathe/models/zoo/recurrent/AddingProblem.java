package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Sequences;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Recurrent;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
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
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.Plot;

/**
 * The adding problem over 100 steps, as a part of several rows: a net from x [batch, 100, 2] to the sum of the two marked
 * values, [batch, 1]. Whoever always says 1 has a squared error of 1/6.
 *
 * @param checkpoint what its checkpoints are called
 * @param goal the squared error on the validation set at which training ends
 */
record AddingProblem(String checkpoint, Supplier<Net> make, Schedule rate, int epochs, double goal) {
  static final int STEPS = 100;
  static final long BATCH = 64;
  static final double BAR = 0.01;
  private static final int TRAIN = 12_800;
  private static final int SHOWN = 10;
  private static final int DRAWN = 300;

  /** A net, seen as what owns parameters and as what is applied. */
  record Net(Module module, Layer layer) {}

  /** One recurrent layer, and a linear one on its last state. */
  private static final class Adder extends Module implements Layer {
    private final Recurrent body;
    private final Linear out;

    Adder(Cell cell, long width) {
      body = child("body", Recurrent.of(cell, 2, width, 1));
      out = child("out", new Linear(width, 1));
    }

    @Override
    public Tensor apply(Tensor x) {
      return out.apply(body.apply(x.permute(1, 0, 2)).at(0, -1));
    }
  }

  static Net recurrent(Cell cell, long width) {
    Adder adder = new Adder(cell, width);
    return new Net(adder, adder);
  }

  Blueprint blueprint(long batch, long steps) {
    Net net = make.get();
    List<Field> fields = List.of(Field.floats("x", batch, steps, 2), Field.floats("y", batch, 1));
    Step training = Step.training(
        "adding",
        net.module(),
        fields,
        c -> {
          Tensor loss = LossOps.squaredError(net.layer().apply(c.input("x")), c.input("y")).mean();
          c.minimize(loss, Group.of(net.module(), new Adam(rate)).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "adding.predict",
        net.module(),
        fields,
        c -> {
          Tensor sum = net.layer().apply(c.input("x"));
          c.report("squared_error", LossOps.squaredError(sum, c.input("y")));
          c.report("sum", sum);
        });
    return new Blueprint(List.of(training), inference);
  }

  /** All that {@link #train}, and {@link #run} for as many as it likes, compile. */
  List<Step> steps() {
    Blueprint plan = blueprint(BATCH, STEPS);
    return List.of(plan.training().getFirst(), plan.inference(), blueprint(SHOWN, STEPS).inference());
  }

  TrainResult train(TrainRequest request) throws IOException {
    Blueprint plan = blueprint(BATCH, STEPS);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, Sequences.adding(512, STEPS, request.seed() + 1));
      Batches batches = new Batches(Sequences.adding(TRAIN, STEPS, request.seed()), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(step, batches, () -> Map.of("squared_error", error(validation))),
          request.options(checkpoint, epochs)
              .withStopping(EarlyStopping.of("squared_error", Direction.LOWER, epochs).withGoal(goal)));
      Dataset test = Sequences.adding(2000, STEPS, request.seed() + 2);
      double error = error(new Evaluation(predict, test));
      draw(request, predict, test);
      return new TrainResult(
          "squared_error", error, BAR, error <= BAR, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static double error(Evaluation evaluation) {
    return evaluation.run().getOrDefault("squared_error", Double.NaN);
  }

  /** Called with each example's sum and what was predicted. */
  @FunctionalInterface
  private interface Visitor {
    void at(int index, float expected, float predicted);
  }

  private static void each(BoundStep predict, Dataset data, int count, Visitor visitor) {
    float[] expected = ((Column.Floats) data.column("y")).data();
    Batches batches = new Batches(data, predict, 0);
    for (int first = 0; first < count; first += batches.batchSize()) {
      int valid = Math.min(count - first, batches.fillInOrder(first));
      predict.run();
      float[] sums = predict.report("sum").toFloats();
      for (int i = 0; i < valid; i++) {
        visitor.at(first + i, expected[first + i], sums[i]);
      }
    }
  }

  private static void draw(TrainRequest request, BoundStep predict, Dataset test) throws IOException {
    double[] expected = new double[DRAWN];
    double[] predicted = new double[DRAWN];
    each(
        predict,
        test,
        DRAWN,
        (index, label, sum) -> {
          expected[index] = label;
          predicted[index] = sum;
        });
    new Plot("The adding problem over " + STEPS + " steps", "sum of the marked values", "predicted")
        .line("exact", new double[]{0, 2}, new double[]{0, 2})
        .points("test sequences", expected, predicted)
        .write(request.out().resolve("sums.png"));
  }

  /** Adds sequences that no training has seen. */
  Map<String, Double> run(RunRequest request, StateLoader loader) throws IOException {
    int count = request.countOr(SHOWN);
    Step step = blueprint(Math.min(count, BATCH), STEPS).inference();
    Dataset data = Sequences.adding(count, STEPS, request.seed() + 3);
    double[] squares = new double[count];
    try (ModelState state = loader.load(request, checkpoint, step);
        BoundStep predict = BoundStep.bind(step, state)) {
      each(
          predict,
          data,
          count,
          (index, label, sum) -> {
            squares[index] = (sum - label) * (double) (sum - label);
            request.found(
                "prediction",
                String.format(
                    Locale.ROOT, "sequence %d: the marked values sum to %.4f, predicted %.4f", index, label, sum),
                "index", index, "label", label, "predicted", sum);
          });
    }
    return Map.of("squared_error", Arrays.stream(squares).average().orElseThrow());
  }

  /** {@link ZooModel}'s way to read a checkpoint. */
  @FunctionalInterface
  interface StateLoader {
    ModelState load(RunRequest request, String name, Step step) throws IOException;
  }
}
