package org.lathe.models.zoo.autoencoders;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.nn.Corruption;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
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
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.PicturePredictions;
import org.lathe.models.zoo.parts.Pictures;

/**
 * Stacked denoising autoencoders on digits (Vincent, Larochelle, Lajoie, Bengio and Manzagol 2010), pictures
 * [batch, 1, 28, 28]: 784-400-400-10. Each sigmoid layer learns to undo damage to the code of the layers below, which no
 * longer change; a quarter of the elements are set to 0. Then a softmax is put on top and all is tuned by backpropagation.
 *
 * <p>It differs from the paper in its sizes (three layers of 1000 to 2000) and in Adam.
 */
final class StackedDenoisingModel extends ZooModel {
  private static final String NAME = "stacked-denoising";
  private static final int CLASSES = 10;
  private static final int LAYERS = 2;
  private static final int WIDTH = 400;
  private static final int TRAIN = 15_000;
  private static final int TEST = 2_000;
  private static final int BATCH = 100;
  private static final int LAYER_EPOCHS = 4;
  private static final int TUNING_EPOCHS = 8;
  private static final int SHOWN = 20;
  /** One in so many training pictures is held for validation. */
  private static final int HELD = 20;
  private static final Corruption DAMAGE = Corruption.masking(0.25);

  StackedDenoisingModel() {
    super(
        new Card(
            NAME, Autoencoders.FAMILY, "Vincent, Larochelle, Lajoie, Bengio and Manzagol 2010", "accuracy",
            Direction.HIGHER, 0.96, Pictures.DIGITS.accepted()));
  }

  /** One layer and its way back, which only its own training uses. */
  private static final class Denoiser extends Module {
    private final Linear up;
    private final Linear down;

    Denoiser(long in, long out) {
      up = child("up", new Linear(in, out));
      down = child("down", new Linear(out, in));
    }

    Tensor code(Tensor x) {
      return up.apply(x).sigmoid();
    }

    /** Cross-entropy of each example, [batch]; x is in 0..1. */
    Tensor loss(Tensor x) {
      return LossOps.sigmoidCrossEntropy(down.apply(code(DAMAGE.apply(x))), x).sum(1);
    }
  }

  /** What backpropagation tunes: each layer without its way back, and the softmax. */
  private static final class Classifier extends Module {
    private final List<Linear> layers;
    private final Linear top;

    Classifier(List<Linear> layers, long width) {
      this.layers = children("layer", layers);
      top = child("top", new Linear(width, CLASSES));
    }

    Tensor logits(Tensor x) {
      Tensor h = x;
      for (Linear layer : layers) {
        h = layer.apply(h).sigmoid();
      }
      return top.apply(h);
    }
  }

  /** {@code denoiser.k}, and {@code net}, which begins as their ways up. */
  private static final class Stack extends Module {
    private final List<Denoiser> denoisers;
    private final Classifier net;

    Stack(long in, long width) {
      denoisers = children("denoiser", List.of(new Denoiser(in, width), new Denoiser(width, width)));
      net = child("net", new Classifier(List.of(new Linear(in, width), new Linear(width, width)), width));
    }

    /** The code below a layer, which is a constant. */
    Tensor below(int layer, Tensor x) {
      Tensor h = x;
      for (Denoiser d : denoisers.subList(0, layer)) {
        h = d.code(h);
      }
      return h.stopGradient();
    }

    void copyUp(StepContext c) {
      for (int k = 0; k < LAYERS; k++) {
        Linear from = denoisers.get(k).up;
        Linear to = net.layers.get(k);
        c.assign(to.weight(), from.weight().tensor());
        c.assign(to.bias(), from.bias().tensor());
      }
    }
  }

  private static Tensor pixels(StepContext c) {
    return c.input("image").flatten(1);
  }

  private static Blueprint blueprint(long batch, long side, long width) {
    Stack stack = new Stack(side * side, width);
    Field image = Field.floats("image", batch, 1, side, side);
    List<Field> labelled = List.of(image, Field.ints("label", batch));
    List<Step> steps = new ArrayList<>();
    for (int k = 0; k < LAYERS; k++) {
      int layer = k;
      steps.add(
          Step.training(
              "layer." + k, stack, List.of(image),
              c -> {
                Denoiser denoiser = stack.denoisers.get(layer);
                Tensor loss = denoiser.loss(stack.below(layer, pixels(c))).mean();
                c.minimize(loss, Group.of("layer." + layer, denoiser, adam(2e-3, 300)));
                c.report("loss", loss);
              }));
    }
    steps.add(
        Step.rule(
            "stack", stack, List.of(), "copying weights",
            c -> {
              stack.copyUp(c);
              c.report("loss", c.stepNumber().mul(0));
            }));
    steps.add(
        Step.training(
            "tune", stack, labelled,
            c -> {
              Tensor loss = LossOps.softmaxCrossEntropy(stack.net.logits(pixels(c)), c.input("label")).mean();
              c.minimize(loss, Group.of("tune", stack.net, adam(1.5e-3, 400)));
              c.report("loss", loss);
            }));
    Step predict = Step.inference(
        "predict", stack, labelled,
        c -> {
          Tensor logits = stack.net.logits(pixels(c));
          c.report("loss", LossOps.softmaxCrossEntropy(logits, c.input("label")));
          c.report("accuracy", logits.argMax(1).equalTo(c.input("label")).cast(DType.F32));
        });
    return new Blueprint(steps, predict);
  }

  private static Adam adam(double rate, long half) {
    return new Adam(Schedule.exponential(rate, 0.5, half));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, Digits.SIDE, WIDTH);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 4, 5);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(CLASSES, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    Pictures.Labelled pictures = Pictures.DIGITS.load(
        name(), request.data(), TRAIN, TEST, request.seed(), HELD * BATCH, BATCH);
    Dataset all = pictures.data().train();
    int rest = all.size() - all.size() / HELD;
    Dataset digits = all.range(0, rest);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps steps = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, all.range(rest, all.size()));
      List<Phases.Phase> phases = new ArrayList<>();
      for (int k = 0; k < LAYERS; k++) {
        BoundStep step = steps.get("layer." + k);
        phases.add(
            new Phases.Phase(
                LAYER_EPOCHS, TrainingTask.over(step, new Batches(digits, step, request.seed()), Map::of)));
      }
      phases.add(new Phases.Phase(1, TrainingTask.repeating(steps.get("stack"), 1, Map::of)));
      BoundStep tune = steps.get("tune");
      phases.add(
          new Phases.Phase(
              TUNING_EPOCHS,
              TrainingTask.over(tune, new Batches(digits, tune, request.seed()), validation::run)));
      Phases course = new Phases(phases);
      Trainer.Outcome outcome = Trainer.train(state, course, request.options(name(), course.epochs()));
      PictureGrid.writeSigned(
          request.out().resolve("filters.png"),
          PictureGrid.transposed(
              state.array("denoiser.0.up.weight").toFloats(), Digits.SIDE * Digits.SIDE, WIDTH),
          Digits.SIDE, SHOWN);
      try (BoundStep probabilities = BoundStep.bind(predicting(BATCH), state)) {
        PicturePredictions.write(request.out(), probabilities, pictures.data().test(), pictures.classes());
      }
      double accuracy = new Evaluation(predict, pictures.data().test()).run().getOrDefault("accuracy", Double.NaN);
      return card().result(accuracy, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Step predicting(long batch) {
    Stack stack = new Stack((long) Digits.SIDE * Digits.SIDE, WIDTH);
    return PicturePredictions.step(
        stack, Pictures.DIGITS, batch, image -> stack.net.logits(image.flatten(1)).softmax(1));
  }

  @Override
  public List<Step> runSteps() {
    return Stream.of(SHOWN, BATCH).map(StackedDenoisingModel::predicting).toList();
  }

  /** Tells the class of digits that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    Pictures.Labelled pictures = Pictures.DIGITS.loadTest(
        name(), request.data(), request.countOr(SHOWN), request.seed());
    return PicturePredictions.run(name(), request, pictures, BATCH, StackedDenoisingModel::predicting);
  }
}
