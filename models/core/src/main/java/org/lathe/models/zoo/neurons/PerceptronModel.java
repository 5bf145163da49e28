package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EpochRecord;
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
 * Rosenblatt's perceptron (1958) on logic gates: x [batch, 2] in {-1, 1} to [batch, gates] in {-1, 1}, by the perceptron
 * rule; see {@link Perceptron}. An epoch is one pass over the four cases.
 *
 * <p>The bar is the number of epochs after which AND, OR and NAND are exact and stay so. XOR is learned beside them: its
 * weights, whole numbers, come back to values that they had before while cases are still wrong, so that they go round for
 * ever, which proves that it is not linearly separable.
 *
 * <p>It differs from the paper in having no random association layer: the bits themselves are the features.
 */
final class PerceptronModel extends ZooModel {
  static final List<LogicGate> GATES = List.of(LogicGate.AND, LogicGate.OR, LogicGate.NAND, LogicGate.XOR);
  private static final int SEPARABLE = 3;
  private static final int EPOCHS = 20;
  private static final int LONGEST_CYCLE = 100;

  PerceptronModel() {
    super(
        new Card(
            "perceptron", Neurons.FAMILY, "Rosenblatt 1958", "epochs", Direction.LOWER, EPOCHS,
            "points: the truth tables of two bits"));
  }

  @Override
  public Blueprint blueprint(long batch) {
    Perceptron units = new Perceptron(2, GATES.size());
    List<Field> fields = List.of(Field.floats("x", batch, 2), Field.floats("y", batch, GATES.size()));
    Step learn = Step.rule(
        "learn",
        units,
        fields,
        "the perceptron rule",
        c -> c.report("loss", units.learn(c, c.input("x"), c.input("y")).sum()));
    Step predict = Step.inference(
        "predict",
        units,
        fields,
        c -> {
          c.report("output", units.apply(c.input("x")));
          c.report("wrong", units.apply(c.input("x")).sub(c.input("y")).abs().mul(0.5).sum(0));
        });
    return new Blueprint(List.of(learn), predict);
  }

  @Override
  public long batch() {
    return LogicGate.CASES;
  }

  @Override
  public Values values() {
    return Values.uniform(1, r -> r.nextBoolean() ? 1.0 : -1.0);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(LogicGate.CASES);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep learn = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      for (BoundStep step : List.of(learn, predict)) {
        step.input("x").write(LogicGate.inputs(-1));
        step.input("y").write(LogicGate.targets(GATES, -1));
      }
      Trainer.Outcome outcome = Trainer.train(
          state, TrainingTask.repeating(learn, 1, () -> wrong(predict)), request.options(name(), EPOCHS));
      double epochs = exactAfter(outcome.history());
      Files.write(request.out().resolve("epochs.txt"), describe(outcome.history()));
      int cycle = cycle(learn, state);
      request.listener().note(
          cycle > 0
              ? "XOR is not separable: after " + cycle
                  + " more epochs its weights are what they were, and cases are wrong"
              : "XOR: its weights do not come back within " + LONGEST_CYCLE + " epochs");
      TrainResult result = card().result(epochs, outcome.seconds(), outcome.checkpoint());
      return cycle > 0
          ? result
          : new TrainResult("xor_cycle", Double.NaN, LONGEST_CYCLE, false, result.seconds(), result.checkpoint());
    }
  }

  private static Map<String, Double> wrong(BoundStep predict) {
    predict.run();
    float[] wrong = predict.report("wrong").toFloats();
    double separable = 0;
    for (int g = 0; g < SEPARABLE; g++) {
      separable += wrong[g];
    }
    return Map.of("wrong_cases", separable, "wrong_xor", (double) wrong[SEPARABLE]);
  }

  /** The number of epochs after which no case is wrong any more, infinite if some still are. */
  private static double exactAfter(List<EpochRecord> history) {
    double epochs = Double.POSITIVE_INFINITY;
    for (int e = history.size() - 1; e >= 0 && history.get(e).metrics().getOrDefault("wrong_cases", 1.0) == 0; e--) {
      epochs = e + 1;
    }
    return epochs;
  }

  /** After how many more epochs XOR's weights are the same again while a case is wrong; 0 if never. Changes the state. */
  private static int cycle(BoundStep learn, ModelState state) {
    double[] from = xorWeights(state);
    double wrong = 0;
    for (int e = 1; e <= LONGEST_CYCLE; e++) {
      learn.run();
      wrong += learn.value("loss");
      if (Arrays.equals(from, xorWeights(state))) {
        return wrong > 0 ? e : 0;
      }
    }
    return 0;
  }

  private static double[] xorWeights(ModelState state) {
    double[] all = state.array("weight").toDoubles();
    double[] xor = new double[all.length / GATES.size()];
    Arrays.setAll(xor, i -> all[i * GATES.size() + SEPARABLE]);
    return xor;
  }

  private static List<String> describe(List<EpochRecord> history) {
    List<String> lines = new ArrayList<>(List.of("epoch   wrong of AND, OR, NAND   wrong of XOR"));
    for (EpochRecord r : history) {
      lines.add(
          String.format(
              "%5d   %22.0f   %12.0f", r.epoch() + 1, r.metrics().get("wrong_cases"), r.metrics().get("wrong_xor")));
    }
    return lines;
  }

  private static Step running() {
    Perceptron units = new Perceptron(2, GATES.size());
    return Step.inference(
        "run", units, List.of(Field.floats("x", LogicGate.CASES, 2)),
        c -> c.report("output", units.apply(c.input("x"))));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(running());
  }

  /** The gates' tables; XOR's has wrong cases. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    request.refuseCount(name(), "four gates of four cases");
    Step step = running();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.input("x").write(LogicGate.inputs(-1));
      predict.run();
      return Map.of("wrong_cases", (double) LogicGate.show(GATES, predict.report("output").toFloats(), request));
    }
  }
}
