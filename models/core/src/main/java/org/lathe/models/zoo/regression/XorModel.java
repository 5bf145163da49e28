package org.lathe.models.zoo.regression;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Points;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Initializer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
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

/**
 * Exclusive or by backpropagation (Rumelhart, Hinton and Williams 1986): x [batch, 2] to [batch, 1] through five sigmoid
 * units and a sigmoid output, squared error, the whole table as one batch.
 *
 * <p>It differs from the paper's network of two hidden units in having five, with which nearly no start gets stuck.
 */
public final class XorModel extends ZooModel {
  private static final int STEPS_PER_EPOCH = 500;
  private static final int EPOCHS = 40;
  private static final int CASES = 4;
  private static final double GOAL = 0.05;

  XorModel() {
    super(
        new Card(
            "xor",
            Regression.FAMILY,
            "Rumelhart, Hinton and Williams 1986",
            "max_error",
            Direction.LOWER,
            0.1,
            "points: the four cases"));
  }

  private static Mlp model() {
    return new Mlp(Tensor::sigmoid, Initializer.xavier(), 2, 5, 1);
  }

  @Override
  public Blueprint blueprint(long batch) {
    Mlp model = model();
    List<Field> fields = List.of(Field.floats("x", batch, 2), Field.floats("y", batch, 1));
    Step training = Step.training(
        "train",
        model,
        fields,
        c -> {
          Tensor loss = LossOps.squaredError(model.apply(c.input("x")).sigmoid(), c.input("y")).mean();
          c.minimize(loss, Group.of(model, new Sgd(Schedule.constant(1), 0.9, false)));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict",
        model,
        fields,
        c -> c.report("max_error", model.apply(c.input("x")).sigmoid().sub(c.input("y")).abs().max()));
    return new Blueprint(List.of(training), inference);
  }

  @Override
  public long batch() {
    return CASES;
  }

  @Override
  public Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(batch());
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Batches batches = new Batches(Points.xor(), step, request.seed());
      new Batches(Points.xor(), predict, request.seed()).fill(0);
      TrainingTask task = new TrainingTask() {
        @Override
        public int iterationsPerEpoch() {
          return STEPS_PER_EPOCH;
        }

        @Override
        public void beginEpoch(int epoch) {
          batches.beginEpoch(epoch);
          batches.fill(0);
        }

        @Override
        public double iterate(int epoch, int index) {
          step.run();
          return step.value("loss");
        }

        @Override
        public Map<String, Double> evaluate(int epoch) {
          predict.run();
          return Map.of("max_error", predict.value("max_error"));
        }
      };
      Trainer.Outcome outcome = Trainer.train(
          state,
          task,
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("max_error", Direction.LOWER, EPOCHS).withGoal(GOAL)));
      predict.run();
      return card().result(predict.value("max_error"), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Step running() {
    Mlp model = model();
    return Step.inference(
        "run",
        model,
        List.of(Field.floats("x", CASES, 2)),
        c -> c.report("output", model.apply(c.input("x")).sigmoid()));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(running());
  }

  /** The four cases. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    request.refuseCount(name(), "four cases");
    Step step = running();
    float[] x = ((Column.Floats) Points.xor().column("x")).data();
    float[] y = ((Column.Floats) Points.xor().column("y")).data();
    double largest = 0;
    try (ModelState state = load(request, name(), step);
        BoundStep predict = BoundStep.bind(step, state)) {
      predict.input("x").write(x);
      predict.run();
      float[] output = predict.report("output").toFloats();
      for (int i = 0; i < CASES; i++) {
        int a = (int) x[2 * i];
        int b = (int) x[2 * i + 1];
        int label = (int) y[i];
        int predicted = output[i] >= 0.5f ? 1 : 0;
        largest = Math.max(largest, Math.abs(output[i] - y[i]));
        request.found(
            "prediction",
            String.format(Locale.ROOT, "%d xor %d = %d: predicted %d, from %.4f", a, b, label, predicted, output[i]),
            "index", i, "x", List.of(a, b), "label", label, "predicted", predicted, "output", output[i]);
      }
    }
    return Map.of("max_error", largest);
  }
}
