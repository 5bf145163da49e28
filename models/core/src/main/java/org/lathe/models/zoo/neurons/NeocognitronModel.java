package org.lathe.models.zoo.neurons;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.optim.Adam;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.BoundSteps;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Phases;
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
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.PicturePredictions;
import org.lathe.models.zoo.parts.Pictures;

/**
 * Fukushima's neocognitron (1980) on digits, [batch, 1, 28, 28]: two stages of S- and C-cells that learn one after the
 * other without labels, winner takes all, and then a linear read-out by gradient descent; see {@link Neocognitron}.
 *
 * <p>The bar is the accuracy on held-out digits; the training fails too if it falls by more than 5 points when the pictures
 * are shifted by two pixels.
 *
 * <p>It differs from the paper in two stages instead of three, a trained linear read-out in place of the last layer's single
 * cells, and in comparing by the cosine, to which Fukushima's shunting inhibition comes down (Fukushima 2013).
 */
final class NeocognitronModel extends ZooModel {
  private static final long[] PLANES = {16, 96};
  private static final int TRAIN = 6_000;
  private static final int TEST = 2_000;
  private static final int BATCH = 100;
  private static final int STAGE_EPOCHS = 1;
  private static final int READ_OUT_EPOCHS = 4;
  private static final int SHIFT = 2;
  private static final double MOST_LOST = 0.05;
  private static final int SHOWN = 20;

  NeocognitronModel() {
    super(
        new Card(
            "neocognitron", Neurons.FAMILY, "Fukushima 1980", "accuracy", Direction.HIGHER, 0.8,
            "digits, or mnist:DIR"));
  }

  private static Blueprint blueprint(long batch, long side, long... planes) {
    Neocognitron net = new Neocognitron(side, planes);
    Field image = Field.floats("image", batch, 1, side, side);
    Field label = Field.ints("label", batch);
    Step first = stage(net, 0, image);
    Step second = stage(net, 1, image);
    Step readOut = Step.training(
        "readout",
        net,
        List.of(image, label),
        c -> {
          Tensor loss = LossOps.softmaxCrossEntropy(net.apply(c.input("image")), c.input("label")).mean();
          c.minimize(loss, Group.of("readout", net.readOut, new Adam(5e-3)));
          c.report("loss", loss);
        });
    Step predict = Step.inference(
        "predict",
        net,
        List.of(image, label),
        c -> c.report(
            "accuracy", net.apply(c.input("image")).argMax(1).equalTo(c.input("label")).cast(DType.F32)));
    return new Blueprint(List.of(first, second, readOut), predict);
  }

  private static Step stage(Neocognitron net, int number, Field image) {
    return Step.rule(
        "stage." + number,
        net,
        List.of(image),
        "winner-take-all",
        c -> c.report("loss", net.learn(c, number, c.input("image"))));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, Digits.SIDE, PLANES);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 18, 3, 4);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(10, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed(), BATCH, BATCH);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps steps = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation test = new Evaluation(predict, data.test());
      Phases phases = new Phases(
          List.of(
              phase(STAGE_EPOCHS, steps.get("stage.0"), data, request, null),
              phase(STAGE_EPOCHS, steps.get("stage.1"), data, request, null),
              phase(READ_OUT_EPOCHS, steps.get("readout"), data, request, test)));
      Trainer.Outcome outcome = Trainer.train(state, phases, request.options(name(), phases.epochs()));
      double accuracy = test.run().getOrDefault("accuracy", Double.NaN);
      double shifted = shifted(predict, data.test());
      float[] templates = state.array("stage.0.template").toFloats();
      PictureGrid.writeSigned(request.out().resolve("templates.png"), templates, (int) Neocognitron.Stage.SIZE, 8);
      try (BoundStep step = BoundStep.bind(predicting(BATCH), state)) {
        PicturePredictions.write(request.out(), step, data.test(), Pictures.DIGIT_NAMES);
      }
      request.listener().note(
          String.format(
              Locale.ROOT, "accuracy %.2f%%, and %.2f%% with pictures shifted by %d pixels; planes used: %.0f and %.0f",
              100 * accuracy, 100 * shifted, SHIFT, state.array("stage.0.used").get(0),
              state.array("stage.1.used").get(0)));
      TrainResult result = card().result(accuracy, outcome.seconds(), outcome.checkpoint());
      return accuracy - shifted <= MOST_LOST
          ? result
          : new TrainResult(
              "lost_by_shift", accuracy - shifted, MOST_LOST, false, result.seconds(), result.checkpoint());
    }
  }

  private static Phases.Phase phase(
      int epochs, BoundStep step, TrainTest data, TrainRequest request, @Nullable Evaluation test) {
    Batches batches = new Batches(data.train(), step, request.seed());
    return new Phases.Phase(
        epochs, TrainingTask.over(step, batches, () -> test == null ? Map.of() : test.run()));
  }

  /** The accuracy with all pictures moved in each of four directions. */
  private static double shifted(BoundStep predict, Dataset test) {
    double sum = 0;
    for (int[] to : new int[][]{{SHIFT, 0}, {-SHIFT, 0}, {0, SHIFT}, {0, -SHIFT}}) {
      sum += new Evaluation(predict, shifted(test, to[0], to[1])).run().getOrDefault("accuracy", Double.NaN);
    }
    return sum / 4;
  }

  /** The pictures moved right and down; what comes in is background. */
  static Dataset shifted(Dataset digits, int right, int down) {
    Column.Floats image = (Column.Floats) digits.column("image");
    float[] from = image.data();
    float[] to = new float[from.length];
    int side = Digits.SIDE;
    for (int i = 0; i < to.length; i++) {
      int x = i % side - right;
      int y = i / side % side - down;
      if (x >= 0 && x < side && y >= 0 && y < side) {
        to[i] = from[i - down * side - right];
      }
    }
    return new Dataset(
        digits.name() + ", shifted",
        List.of(new Column.Floats("image", image.shape(), to), digits.column("label")));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(predicting(BATCH), predicting(Math.min(SHOWN, BATCH)));
  }

  private static Step predicting(long batch) {
    Neocognitron net = new Neocognitron(Digits.SIDE, PLANES);
    return PicturePredictions.step(net, Pictures.DIGITS, batch, image -> net.apply(image).softmax(1));
  }

  /** Tells the class of digits that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    Pictures.Labelled pictures = Pictures.DIGITS.loadTest(
        name(), request.data(), request.countOr(SHOWN), request.seed());
    return PicturePredictions.run(name(), request, pictures, BATCH, NeocognitronModel::predicting);
  }
}
