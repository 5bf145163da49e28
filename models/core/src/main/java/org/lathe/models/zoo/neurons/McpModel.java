package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.BoundStep;
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
 * McCulloch and Pitts's neuron (1943): bits x [batch, 2] to bits [batch, gates], {@code x W >= threshold}, with weights set
 * by hand for AND, OR, NAND and NOT.
 *
 * <p>That no such unit is XOR is shown by search: a step computes the truth tables of all units whose two weights and
 * threshold are integers from -3 to 3, which has every threshold function of two bits among them, and counts the units of
 * each of the 16 tables.
 *
 * <p>It differs from the paper in negative weights where the paper has absolute inhibition.
 */
final class McpModel extends ZooModel {
  static final List<LogicGate> GATES = List.of(LogicGate.AND, LogicGate.OR, LogicGate.NAND, LogicGate.NOT);
  static final int TABLES = 16;
  private static final int REACH = 3;
  private static final long SPAN = 2 * REACH + 1;
  /** [2, gates]. */
  private static final double[] WEIGHTS = {1, 1, -1, -1, 1, 1, -1, 0};
  private static final double[] THRESHOLDS = {2, 1, -1, 0};

  McpModel() {
    super(
        new Card(
            "mcp", Neurons.FAMILY, "McCulloch and Pitts 1943", "wrong_cases", Direction.LOWER, 0,
            "points: the truth tables of two bits"));
  }

  /** Units beside each other, all of the same input. */
  private static final class Units extends Module {
    final Parameter weight = parameter("weight", Initializer.ZEROS, 2, GATES.size());
    final Parameter threshold = parameter("threshold", Initializer.ZEROS, GATES.size());

    Tensor apply(Tensor x) {
      return fires(x, weight.tensor(), threshold.tensor());
    }
  }

  /** 1 where the weighted sum of x [batch, 2] reaches the threshold. */
  private static Tensor fires(Tensor x, Tensor weights, Tensor threshold) {
    return x.matmul(weights).greaterEqual(threshold.broadcastTo(x.dim(0), threshold.dim(0))).cast(DType.F32);
  }

  @Override
  public Blueprint blueprint(long batch) {
    Units units = new Units();
    List<Field> fields = List.of(Field.floats("x", batch, 2), Field.floats("y", batch, GATES.size()));
    Step set = Step.rule(
        "set",
        units,
        fields,
        "hand",
        c -> {
          Tensor x = c.input("x");
          c.assign(units.weight, constant(x, TensorType.of(DType.F32, 2, GATES.size()), WEIGHTS));
          c.assign(units.threshold, constant(x, TensorType.of(DType.F32, GATES.size()), THRESHOLDS));
          c.report("loss", wrong(units.apply(x), c.input("y")).sum());
        });
    Step predict = Step.inference(
        "predict",
        units,
        fields,
        c -> {
          Tensor y = units.apply(c.input("x"));
          c.report("output", y);
          c.report("wrong", wrong(y, c.input("y")).sum());
        });
    return new Blueprint(List.of(set, search(units)), predict);
  }

  private static Tensor constant(Tensor like, TensorType type, double[] values) {
    return Tensor.constant(like.builder(), Literal.of(type, values));
  }

  private static Tensor wrong(Tensor found, Tensor expected) {
    return found.notEqualTo(expected).cast(DType.F32);
  }

  /** Reports {@code units} [16]: how many units of the grid compute each truth table of the four cases {@code x}. */
  private static Step search(Units units) {
    return Step.rule(
        "search",
        units,
        List.of(Field.floats("x", LogicGate.CASES, 2)),
        "search of a grid",
        c -> {
          Tensor x = c.input("x");
          Dims grid = Dims.of(SPAN * SPAN * SPAN);
          Tensor number = Tensor.iota(x.builder(), DType.F32, grid, 0);
          Tensor first = number.div(SPAN * SPAN).floor();
          Tensor second = number.div(SPAN).floor().rem(SPAN);
          Tensor threshold = number.rem(SPAN).sub(REACH);
          Tensor bits = fires(x, Tensor.stack(0, List.of(first.sub(REACH), second.sub(REACH))), threshold);
          Tensor places = constant(x, TensorType.of(DType.F32, LogicGate.CASES, 1), new double[]{1, 2, 4, 8});
          Tensor tables = bits.mul(places).sum(0).cast(DType.I32);
          c.report("units", tables.oneHot(TABLES, DType.F32).sum(0));
        });
  }

  @Override
  public long batch() {
    return LogicGate.CASES;
  }

  @Override
  public Values values() {
    return Values.uniform(1, r -> r.nextBoolean() ? 1.0 : 0.0);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(LogicGate.CASES);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep set = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep search = BoundStep.bind(plan.training().get(1), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      for (BoundStep step : List.of(set, predict)) {
        step.input("x").write(LogicGate.inputs(0));
        step.input("y").write(LogicGate.targets(GATES, 0));
      }
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.repeating(
              set,
              1,
              () -> {
                predict.run();
                return Map.of("wrong_cases", predict.value("wrong"));
              }),
          request.options(name(), 1));
      search.input("x").write(LogicGate.inputs(0));
      search.run();
      float[] units = search.report("units").toFloats();
      int xor = (int) units[LogicGate.XOR.code()];
      Files.write(request.out().resolve("tables.txt"), describe(units));
      request.listener().note(
          "XOR: " + xor + " of " + SPAN * SPAN * SPAN + " units with integer weights and threshold from -" + REACH
              + " to "
              + REACH + " compute it");
      predict.run();
      TrainResult result = card().result(predict.value("wrong"), outcome.seconds(), outcome.checkpoint());
      return xor == 0
          ? result
          : new TrainResult("xor_units", xor, 0, false, result.seconds(), result.checkpoint());
    }
  }

  private static List<String> describe(float[] units) {
    List<String> lines = new ArrayList<>(List.of("f(00) f(01) f(10) f(11)   units that compute it"));
    for (int t = 0; t < TABLES; t++) {
      lines.add(
          String.format("%4d %5d %5d %5d   %8d", t & 1, t >> 1 & 1, t >> 2 & 1, t >> 3 & 1, (int) units[t])
              + (t == LogicGate.XOR.code() ? "   XOR" : ""));
    }
    return lines;
  }

  private static Step running() {
    Units units = new Units();
    return Step.inference(
        "run", units, List.of(Field.floats("x", LogicGate.CASES, 2)),
        c -> c.report("output", units.apply(c.input("x"))));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(running());
  }

  /** The four gates' tables. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    request.refuseCount(name(), "four gates of four cases");
    Step step = running();
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.input("x").write(LogicGate.inputs(0));
      predict.run();
      return Map.of("wrong_cases", (double) LogicGate.show(GATES, predict.report("output").toFloats(), request));
    }
  }
}
