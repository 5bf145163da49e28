package org.lathe.models.zoo.energy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.Rbm;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
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
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.PicturePredictions;
import org.lathe.models.zoo.parts.Pictures;

/**
 * A deep belief network of digits (Hinton, Osindero and Teh 2006), pictures [batch, 1, 28, 28] as 784 bits, 256 and 256
 * hidden units; see {@link DeepBelief}. Each layer is a restricted Boltzmann machine that learns from samples of the layer
 * below it. Then the whole is tuned twice: as a generator by wake-sleep, and as a classifier by backpropagation.
 *
 * <p>The bar is the classifier's accuracy on held-out digits. The training fails too if the second layer does not raise the
 * variational bound on the log-likelihood of held-out digits above what the first has alone, both partition functions being
 * estimated by annealed importance sampling.
 *
 * <p>It differs from the paper in two hidden layers instead of three, and in a top without labels.
 */
final class DbnModel extends ZooModel {
  private static final int PIXELS = Digits.SIDE * Digits.SIDE;
  private static final int FIRST = 256;
  private static final int SECOND = 256;
  private static final int CLASSES = 10;
  private static final int TRAIN = 10_000;
  private static final int TEST = 2_000;
  private static final int BATCH = 100;
  private static final int LAYER_EPOCHS = 10;
  private static final int WAKE_SLEEP_EPOCHS = 4;
  private static final int TUNING_EPOCHS = 6;
  private static final int TOP_STEPS = 3;
  private static final int CHAINS = 100;
  private static final int TEMPERATURES = 1_000;
  private static final int SHOWN = 20;
  private static final int COLUMNS = 16;
  private static final int GENERATED = 4 * COLUMNS;

  DbnModel() {
    super(
        new Card(
            "dbn", Energy.FAMILY, "Hinton, Osindero and Teh 2006", "accuracy", Direction.HIGHER, 0.96,
            "digits, or mnist:DIR"));
  }

  /** Grey pictures [batch, 1, side, side] as bits [batch, side * side]. */
  static Tensor bits(Tensor image) {
    return image.greater(0.5).cast(DType.F32).flatten(1);
  }

  private static Blueprint blueprint(long batch, long side, long first, long second) {
    DeepBelief net = new DeepBelief(side * side, first, second, CLASSES);
    Field image = Field.floats("image", batch, 1, side, side);
    Field label = Field.ints("label", batch);
    Step tune = Step.training(
        "tune",
        net,
        List.of(image, label),
        c -> {
          Tensor logits = net.classifier.apply(c.input("image").flatten(1));
          Tensor loss = LossOps.softmaxCrossEntropy(logits, c.input("label")).mean();
          c.minimize(loss, Group.of("tune", net.classifier, new Adam(Schedule.exponential(2e-3, 0.5, 200))));
          c.report("loss", loss);
        });
    Step predict = Step.inference(
        "predict",
        net,
        List.of(image, label),
        c -> c.report(
            "accuracy",
            net.classifier.apply(c.input("image").flatten(1)).argMax(1).equalTo(c.input("label")).cast(DType.F32)));
    return new Blueprint(
        List.of(
            greedy(net, 0, image), greedy(net, 1, image), copying("untie", net, net::untie), wakeSleep(net, image),
            copying("unroll", net, net::unroll), tune),
        predict);
  }

  /** One machine's contrastive divergence. */
  private static Step greedy(DeepBelief net, int layer, Field image) {
    Rbm rbm = net.rbms.get(layer);
    return Step.rule(
        "layer." + layer,
        net,
        List.of(image),
        ContrastiveDivergence.RULE,
        c -> {
          Tensor x = net.below(c.random(), layer, bits(c.input("image")));
          Tensor model = ContrastiveDivergence.gibbs(rbm, c.random(), x, 1);
          c.report("loss", ContrastiveDivergence.error(x, rbm.visible(rbm.hidden(x))));
          c.descend(
              Group.of("layer." + layer, rbm, new Sgd(Schedule.exponential(0.05, 0.5, 400), 0.8, false))
                  .regularized(Regularizer.l2(1e-4)),
              ContrastiveDivergence.gradients(rbm, x, model));
        });
  }

  private static Step copying(String name, DeepBelief net, Consumer<StepContext> body) {
    return Step.rule(
        name,
        net,
        List.of(),
        "copying weights",
        c -> {
          body.accept(c);
          c.report("loss", net.rbms.getFirst().visibleBias().tensor().sum().mul(0));
        });
  }

  private static Step wakeSleep(DeepBelief net, Field image) {
    return Step.rule(
        "wakesleep",
        net,
        List.of(image),
        "wake-sleep",
        c -> {
          Tensor v = bits(c.input("image"));
          DeepBelief.Phases p = net.upDown(c.random(), v, TOP_STEPS);
          Rbm top = net.rbms.get(1);
          Sgd slow = new Sgd(0.02);
          c.descend(
              Group.of("top", top, slow), ContrastiveDivergence.gradients(top, p.wakeHidden(), p.dreamtHidden()));
          Tensor down = LossOps.sigmoidCrossEntropy(net.down.apply(p.wakeHidden()), v).sum(1).mean();
          Tensor up = LossOps.sigmoidCrossEntropy(net.up.apply(p.dreamtVisible()), p.dreamtHidden()).sum(1).mean();
          c.minimize(down, Group.of("down", net.down, slow));
          c.minimize(up, Group.of("up", net.up, slow));
          c.report("loss", down);
        });
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, Digits.SIDE, FIRST, SECOND);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 4, 5, 6);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(CLASSES, RandomGenerator::nextDouble);
  }

  private static DeepBelief net() {
    return new DeepBelief(PIXELS, FIRST, SECOND, CLASSES);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed(), BATCH, BATCH);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps steps = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation test = new Evaluation(predict, data.test());
      Function<String, TrainingTask> over = name -> TrainingTask.over(
          steps.get(name), new Batches(data.train(), steps.get(name), request.seed()), Map::of);
      Phases phases = new Phases(
          List.of(
              new Phases.Phase(LAYER_EPOCHS, over.apply("layer.0")),
              new Phases.Phase(LAYER_EPOCHS, over.apply("layer.1")),
              new Phases.Phase(1, TrainingTask.repeating(steps.get("unroll"), 1, Map::of)),
              new Phases.Phase(1,
                  TrainingTask.repeating(steps.get("untie"), 1, () -> greedyBounds(state, data.test()))),
              new Phases.Phase(WAKE_SLEEP_EPOCHS, over.apply("wakesleep")),
              new Phases.Phase(
                  TUNING_EPOCHS,
                  TrainingTask.over(
                      steps.get("tune"), new Batches(data.train(), steps.get("tune"), request.seed()), test::run))));
      Trainer.Outcome outcome = Trainer.train(state, phases, request.options(name(), phases.epochs()));
      double accuracy = test.run().getOrDefault("accuracy", Double.NaN);
      double tuned = untiedBound(state, data.test());
      write(request, state, data.test());
      double one = measured(outcome, "bound_1");
      double two = measured(outcome, "bound_2");
      request.listener().note(
          String.format(
              Locale.ROOT,
              "log-likelihood of held-out digits in nats: one layer %.2f, two layers at least %.2f, after wake-sleep %.2f",
              one, two, tuned));
      TrainResult result = card().result(accuracy, outcome.seconds(), outcome.checkpoint());
      return two > one
          ? result
          : new TrainResult("bound_gain", two - one, 0, false, result.seconds(), result.checkpoint());
    }
  }

  /** What was measured after one of the epochs. */
  private static double measured(Trainer.Outcome outcome, String metric) {
    return outcome.history().stream()
        .mapToDouble(r -> r.metrics().getOrDefault(metric, Double.NaN))
        .filter(Double::isFinite).findFirst().orElse(Double.NaN);
  }

  /** In nats for each picture: the first machine's log-likelihood, and the bound of both. */
  private static Map<String, Double> greedyBounds(ModelState state, Dataset test) {
    double first = Likelihood.mean(state, firstEnergy(), test)
        - Likelihood.logPartition(state, annealing(0), Likelihood.meanBits(test));
    double second = Likelihood.mean(state, tiedBound(), test)
        - Likelihood.logPartition(state, annealing(1), new float[FIRST]);
    return Map.of("bound_1", first, "bound_2", second);
  }

  private static double untiedBound(ModelState state, Dataset test) {
    return Likelihood.mean(state, untiedBound(), test)
        - Likelihood.logPartition(state, annealing(1), new float[FIRST]);
  }

  private static Step firstEnergy() {
    DeepBelief net = net();
    return Likelihood.mean(net, BATCH, c -> net.rbms.getFirst().freeEnergy(bits(c.input("image"))).neg());
  }

  private static Step tiedBound() {
    DeepBelief net = net();
    return Likelihood.mean(net, BATCH, c -> net.tiedBound(c.random(), bits(c.input("image"))));
  }

  private static Step untiedBound() {
    DeepBelief net = net();
    return Likelihood.mean(net, BATCH, c -> net.untiedBound(c.random(), bits(c.input("image"))));
  }

  /** Of the machine below layer 1, or the one on top of it. */
  private static Step annealing(int layer) {
    DeepBelief net = net();
    Rbm rbm = net.rbms.get(layer);
    return Likelihood.annealing(
        net, layer == 0 ? PIXELS : FIRST, CHAINS, TEMPERATURES,
        () -> new Likelihood.Machine(rbm.weight().tensor(), rbm.visibleBias().tensor(), rbm.hiddenBias().tensor()));
  }

  private static void write(TrainRequest request, ModelState state, Dataset test) throws IOException {
    float[] weights = state.array("rbm.0.weight").toFloats();
    float[] filters = PictureGrid.transposed(weights, PIXELS, FIRST);
    PictureGrid.writeSigned(request.out().resolve("filters.png"), filters, Digits.SIDE, COLUMNS);
    generate(request.out().resolve("generated.png"), state, GENERATED);
    try (BoundStep step = BoundStep.bind(predicting(BATCH), state)) {
      PicturePredictions.write(request.out(), step, test, Pictures.DIGIT_NAMES);
    }
  }

  private static Step generating(long count) {
    DeepBelief net = net();
    return Step.inference(
        "generate",
        net,
        List.of(Field.floats("start", count, FIRST)),
        c -> c.report("image", net.generate(Sampling.chain(net.rbms.get(1), c.random(), c.input("start"), 1_000))));
  }

  /** Pictures that the network makes: long chains in the top machine, and then down. */
  private static void generate(Path file, ModelState state, int count) throws IOException {
    try (BoundStep generate = BoundStep.bind(generating(count), state)) {
      SplittableRandom random = new SplittableRandom(state.seed());
      float[] start = new float[count * FIRST];
      for (int i = 0; i < start.length; i++) {
        start[i] = random.nextBoolean() ? 1 : 0;
      }
      generate.input("start").write(start);
      generate.run();
      PictureGrid.write(file, generate.report("image").toFloats(), Digits.SIDE, COLUMNS);
    }
  }

  private static Step predicting(long batch) {
    DeepBelief net = net();
    return PicturePredictions.step(net, Pictures.DIGITS, batch,
        image -> net.classifier.apply(image.flatten(1)).softmax(1));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(
        firstEnergy(), tiedBound(), untiedBound(), annealing(0), annealing(1), generating(GENERATED), predicting(BATCH),
        predicting(Math.min(SHOWN, BATCH)));
  }

  /** Tells the class of digits that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    Pictures.Labelled pictures = Pictures.DIGITS.loadTest(
        name(), request.data(), request.countOr(SHOWN), request.seed());
    return PicturePredictions.run(name(), request, pictures, BATCH, DbnModel::predicting);
  }
}
