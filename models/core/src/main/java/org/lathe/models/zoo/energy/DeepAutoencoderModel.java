package org.lathe.models.zoo.energy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.optim.Adam;
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
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.Pca;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * A deep autoencoder of digits (Hinton and Salakhutdinov 2006), pictures [batch, 1, 28, 28]: 784-256-64-16 and back. Three
 * restricted Boltzmann machines are trained one on top of the other; then they are unrolled and tuned by backpropagation;
 * see {@link DeepAutoencoder}.
 *
 * <p>The bar is the mean squared error of held-out digits as a share of that of as many principal components.
 *
 * <p>It differs from the paper in its sizes (784-1000-500-250-30) and in Adam instead of conjugate gradients.
 */
final class DeepAutoencoderModel extends ZooModel {
  private static final int PIXELS = Digits.SIDE * Digits.SIDE;
  private static final int CODE = 16;
  private static final int MACHINES = 3;
  private static final int TRAIN = 10_000;
  private static final int TEST = 1_000;
  private static final int BATCH = 100;
  private static final int LAYER_EPOCHS = 4;
  private static final int TUNING_EPOCHS = 12;
  private static final int COLUMNS = 16;

  DeepAutoencoderModel() {
    super(
        new Card(
            "deep-autoencoder", Energy.FAMILY, "Hinton and Salakhutdinov 2006", "error_over_pca", Direction.LOWER, 1,
            "digits, or mnist:DIR"));
  }

  private static Blueprint blueprint(long batch, long side, long first, long second, long code) {
    DeepAutoencoder net = new DeepAutoencoder(side * side, first, second, code);
    List<Field> image = List.of(Field.floats("image", batch, 1, side, side));
    List<Step> steps = new ArrayList<>();
    for (int k = 0; k < MACHINES; k++) {
      int number = k;
      double rate = k < MACHINES - 1 ? 0.1 : 0.01;
      steps.add(
          Step.rule(
              "layer." + k, net, image, ContrastiveDivergence.RULE,
              c -> {
                DeepAutoencoder.Greedy g = net.greedy(c.random(), number, c.input("image").flatten(1));
                c.descend(Group.of("layer." + number, g.rbm(), new Sgd(rate, 0.5)), g.gradients());
                c.report("loss", g.error());
              }));
    }
    steps.add(
        Step.rule(
            "unroll", net, List.of(), "copying weights",
            c -> {
              net.unroll(c);
              c.report("loss", c.stepNumber().mul(0));
            }));
    steps.add(
        Step.training(
            "tune", net, image,
            c -> {
              Tensor x = c.input("image").flatten(1);
              Tensor logits = net.halves.decode(net.halves.encode(x));
              Tensor loss = LossOps.sigmoidCrossEntropy(logits, x).sum(1).mean();
              c.minimize(loss, Group.of("tune", net.halves, new Adam(Schedule.exponential(2e-3, 0.5, 300))));
              c.report("loss", loss);
            }));
    Step predict = Step.inference(
        "predict", net, image,
        c -> {
          Tensor x = c.input("image").flatten(1);
          Tensor again = net.halves.decode(net.halves.encode(x)).sigmoid();
          c.report("squared_error", x.sub(again).square().mean(1));
        });
    return new Blueprint(steps, predict);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, Digits.SIDE, 256, 64, CODE);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, 4, 6, 5, 3);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(1, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(name(), request.data(), TRAIN, TEST, request.seed(), BATCH, BATCH);
    Pca pca = Pca.fit(data.train().range(0, Math.min(TRAIN, data.train().size())), "image", CODE);
    double components = pca.error(data.test(), "image");
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundSteps steps = new BoundSteps(plan.training(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation test = new Evaluation(predict, data.test());
      List<Phases.Phase> phases = new ArrayList<>();
      for (int k = 0; k < MACHINES; k++) {
        BoundStep step = steps.get("layer." + k);
        phases.add(
            new Phases.Phase(
                LAYER_EPOCHS, TrainingTask.over(step, new Batches(data.train(), step, request.seed()), Map::of)));
      }
      phases.add(
          new Phases.Phase(1, TrainingTask.repeating(steps.get("unroll"), 1, () -> ratio(test, components))));
      BoundStep tune = steps.get("tune");
      phases.add(
          new Phases.Phase(
              TUNING_EPOCHS,
              TrainingTask.over(
                  tune, new Batches(data.train(), tune, request.seed()), () -> ratio(test, components))));
      Phases all = new Phases(phases);
      Trainer.Outcome outcome = Trainer.train(state, all, request.options(name(), all.epochs()));
      double found = ratio(test, components).getOrDefault("error_over_pca", Double.NaN);
      request.listener().note(
          String.format(
              Locale.ROOT, "squared error of a held-out pixel: %.5f, of %d principal components %.5f",
              found * components,
              CODE, components));
      write(request, state, data.test(), pca);
      return card().result(found, outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Map<String, Double> ratio(Evaluation test, double components) {
    return Map.of("error_over_pca", test.run().getOrDefault("squared_error", Double.NaN) / components);
  }

  private static Step coding(long batch) {
    DeepAutoencoder net = new DeepAutoencoder(PIXELS, 256, 64, CODE);
    return Step.inference(
        "run",
        net,
        List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE)),
        c -> {
          Tensor code = net.halves.encode(c.input("image").flatten(1));
          c.report("code", code);
          c.report("image", net.halves.decode(code).sigmoid());
        });
  }

  /** Digits, what comes back through the code, and what comes back through principal components, a row each. */
  private static void write(TrainRequest request, ModelState state, Dataset test, Pca pca) throws IOException {
    Dataset few = test.range(0, COLUMNS);
    float[] pixels = ((Column.Floats) few.column("image")).data();
    float[] all = new float[3 * pixels.length];
    try (BoundStep code = BoundStep.bind(coding(COLUMNS), state)) {
      code.input("image").write(pixels);
      code.run();
      System.arraycopy(pixels, 0, all, 0, pixels.length);
      System.arraycopy(code.report("image").toFloats(), 0, all, pixels.length, pixels.length);
      System.arraycopy(pca.reconstruct(few, "image"), 0, all, 2 * pixels.length, pixels.length);
    }
    PictureGrid.write(request.out().resolve("digit-code-pca.png"), all, Digits.SIDE, COLUMNS);
    float[] weights = state.array("rbm.0.weight").toFloats();
    PictureGrid.writeSigned(
        request.out().resolve("filters.png"), PictureGrid.transposed(weights, PIXELS, 256), Digits.SIDE, COLUMNS);
  }

  @Override
  public List<Step> runSteps() {
    return List.of(coding(COLUMNS));
  }

  /** Codes of digits that no training has seen, and a picture of them above what comes back. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    int count = request.countOr(COLUMNS);
    Dataset data = DataSource.digitsToTest(name(), request.data(), count, request.seed());
    float[] pixels = ((Column.Floats) data.column("image")).data();
    Step step = coding(count);
    try (ModelState state = load(request, name(), step);
        BoundStep code = BoundStep.bind(step, state)) {
      code.input("image").write(pixels);
      code.run();
      float[] again = code.report("image").toFloats();
      float[] both = new float[2 * pixels.length];
      System.arraycopy(pixels, 0, both, 0, pixels.length);
      System.arraycopy(again, 0, both, pixels.length, pixels.length);
      Path file = Files.createDirectories(request.out()).resolve("reconstructions.png");
      PictureGrid.write(file, both, Digits.SIDE, count);
      request.found("picture", count + " digits and their reconstructions: " + file, "file", file.toString(), "count",
          count);
      double squares = 0;
      for (int i = 0; i < pixels.length; i++) {
        squares += Math.pow(pixels[i] - again[i], 2) / pixels.length;
      }
      return Map.of("squared_error", squares);
    }
  }
}
