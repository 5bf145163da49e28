package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.AdversarialTask;
import org.lathe.models.adversarial.Alternation;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.CriticConstraint.GradientPenalty;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.attack.RangeProjection;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.LeNet5;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
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
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.AttackedPictures;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.Pictures;

/**
 * Defense-GAN (Samangouei, Kabkab and Chellappa 2018): before a classifier sees a picture, the nearest one that a generator
 * can make takes its place; see {@link RangeProjection}. The classifier is a {@link LeNet5}, trained plainly; pictures
 * [batch, 1, 28, 28] to logits [batch, 10]. The generator, from noise [batch, 20], and its critic are perceptrons,
 * 20-128-256-784 and 784-256-128-1, and learn from the same digits by Wasserstein's distance with gradient penalty.
 *
 * <p>The bar is that of {@link AttackedDigitsModel}. The attacker knows the classifier's parameters, but not that there is a
 * defence.
 *
 * <p>It differs from the paper in perceptrons instead of convolutions, in Adam on the noise instead of momentum, and in
 * {@value #RESTARTS} restarts of {@value #STEPS} steps instead of 10 of 200.
 */
final class DefenseGanModel extends AttackedDigitsModel {
  private static final int RESTARTS = 3;
  private static final int STEPS = 40;
  private static final int NOISE = 20;
  private static final int TRAIN = 10_000;
  private static final int VALIDATION = 100;
  private static final int TEST = 500;
  private static final int CRITIC_STEPS = 2;
  private static final int ITERATIONS = 300;
  private static final int EPOCHS = 4;
  private static final int CLASSIFIER_EPOCHS = 2;
  private static final double SLOPE = 0.2;

  DefenseGanModel() {
    super("defense-gan", "Samangouei, Kabkab and Chellappa 2018");
  }

  /** The classifier, and the generator and critic of digits. */
  private static final class Networks extends Module {
    private static final long PIXELS = (long) Digits.SIDE * Digits.SIDE;

    private final LeNet5 classifier = child("classifier", new LeNet5());
    private final Mlp generator;
    private final Mlp critic;
    private final long noise;

    Networks(long noise, long narrow, long wide) {
      this.noise = noise;
      generator = child(
          "generator", new Mlp(Tensor::relu, Initializer.he(), 0, true, noise, narrow, wide, PIXELS));
      critic = child(
          "critic", new Mlp(x -> x.leakyRelu(SLOPE), Initializer.he(), PIXELS, wide, narrow, 1));
    }

    Tensor classify(Tensor image) {
      return classifier.apply(LeNet5.prepare(image));
    }

    /** Pictures [count, 1, 28, 28] in 0..1. */
    Tensor make(Tensor from) {
      return generator.apply(from).sigmoid().reshape(-1, 1, Digits.SIDE, Digits.SIDE);
    }

    /** The nearest pictures that the generator makes. */
    Tensor project(RangeProjection projection, Tensor image) {
      Tensor begin = Forward.current().normal(Dims.of(image.dim(0) * projection.restarts(), noise));
      return projection.project(this::make, image, begin).picture();
    }
  }

  private static Networks networks() {
    return new Networks(NOISE, 128, 256);
  }

  private record DigitContest(Networks model, long batch) implements Contest {
    @Override
    public Module generator() {
      return model.generator;
    }

    @Override
    public Module critic() {
      return model.critic;
    }

    @Override
    public List<Field> criticFields() {
      return List.of(Pictures.DIGITS.field(batch));
    }

    @Override
    public Sample real(StepContext c) {
      return Sample.of(c.input("image"));
    }

    @Override
    public Sample fake(StepContext c) {
      return Sample.of(model.make(Forward.current().normal(Dims.of(batch, model.noise))));
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.critic.apply(sample.x().flatten(1));
    }
  }

  private static Game game() {
    long total = (long) ITERATIONS * EPOCHS;
    return Game
        .of(
            AdversarialLoss.WASSERSTEIN, new Adam(Schedule.cosine(1e-3, 1e-5, total)).withBetas(0.5, 0.9),
            new Adam(Schedule.cosine(1e-3, 1e-5, CRITIC_STEPS * total)).withBetas(0.5, 0.9))
        .constrained(new GradientPenalty(10))
        .alternating(Alternation.critic(CRITIC_STEPS));
  }

  private static RangeProjection projection(int restarts, int steps) {
    return new RangeProjection(new Adam(Schedule.cosine(0.3, 0.01, steps)), restarts, steps);
  }

  private static Blueprint blueprint(Networks nets, RangeProjection projection, long batch) {
    List<Field> fields = fields(batch);
    Step classifier = Step.training(
        "classifier",
        nets,
        fields,
        c -> {
          Tensor loss = LossOps.softmaxCrossEntropy(nets.classify(c.input("image")), c.input("label")).mean();
          c.minimize(loss, Group.of("classifier", nets.classifier, new Adam(Schedule.exponential(2e-3, 0.5, 150))));
          c.report("loss", loss);
        });
    List<Step> steps = new ArrayList<>(List.of(classifier));
    steps.addAll(game().steps(new DigitContest(nets, batch)));
    Step inference = Step.inference(
        "predict",
        nets,
        fields,
        c -> {
          Tensor logits = nets.classify(nets.project(projection, c.input("image")));
          c.report("accuracy", logits.argMax(1).equalTo(c.input("label")).cast(DType.F32));
        });
    return new Blueprint(steps, inference);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(networks(), projection(RESTARTS, STEPS), batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(new Networks(3, 4, 5), projection(2, 2), 2);
  }

  /** How right the classifier is, with the projection before it and without, clean and under attack. */
  @Override
  Step evaluating() {
    Networks nets = networks();
    RangeProjection projection = projection(RESTARTS, STEPS);
    return AttackedPictures.step(
        "evaluate", nets, Pictures.DIGITS, EVALUATED,
        AttackedPictures.compared(attacks(), nets::classify, nets::classify,
            image -> nets.classify(nets.project(projection, image))));
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(
        name(), request.data(), TRAIN, TEST, request.seed(), VALIDATION + BATCH, EVALUATED);
    int rest = data.train().size() - VALIDATION;
    Dataset train = data.train().range(0, rest);
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep classifier = BoundStep.bind(plan.training().get(0), state);
        BoundStep critic = BoundStep.bind(plan.training().get(1), state);
        BoundStep generator = BoundStep.bind(plan.training().get(2), state);
        BoundStep evaluate = BoundStep.bind(evaluating(), state);
        BoundStep show = BoundStep.bind(showing(SHOWN), state)) {
      Evaluation validation = new Evaluation(evaluate, data.train().range(rest, rest + VALIDATION));
      Dataset first = data.test().range(0, SHOWN);
      TrainingTask classifying = TrainingTask.over(
          classifier, new Batches(train, classifier, request.seed()), Map::of);
      AdversarialTask playing = new AdversarialTask(
          game().alternation(), critic, new Batches(train, critic, request.seed()), generator, null, ITERATIONS,
          epoch -> {
            shown(request.out(), show, first);
            return measure(validation);
          });
      Phases phases = new Phases(
          List.of(new Phases.Phase(CLASSIFIER_EPOCHS, classifying), new Phases.Phase(EPOCHS, playing)));
      Trainer.Outcome outcome = Trainer.train(state, phases, request.options(name(), phases.epochs()));
      Map<String, Double> measured = new Evaluation(evaluate, data.test()).run();
      AttackedPictures.note(request.listener(), measured, JUDGED_BY);
      shown(request.out(), show, first);
      return card().result(AttackedPictures.recovered(measured, JUDGED_BY), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Attacks pictures, projects them, and says what they are taken for. */
  @Override
  Step showing(int count) {
    Networks nets = networks();
    return Step.inference(
        "show",
        nets,
        fields(count),
        c -> {
          Tensor image = c.input("image");
          Tensor attacked = STRONG.on(nets::classify, image, c.input("label"));
          Tensor projected = nets.project(projection(RESTARTS, STEPS), attacked);
          c.report("pictures", Tensor.concat(0, image, attacked, projected));
          c.report("made", nets.make(Forward.current().normal(Dims.of(count, NOISE))));
          c.report("plain", nets.classify(attacked).argMax(1));
          c.report("defended", nets.classify(projected).argMax(1));
        });
  }

  /** A row of pictures, one of the attacked ones, one of their projections, and what the generator makes of noise. */
  @Override
  Path draw(Path directory, BoundStep shown, int count) throws IOException {
    Path file = directory.resolve("projected.png");
    PictureGrid.write(file, shown.report("pictures").toFloats(), Digits.SIDE, count);
    PictureGrid.write(directory.resolve("samples.png"), shown.report("made").toFloats(), Digits.SIDE, count);
    return file;
  }

  private void shown(Path directory, BoundStep show, Dataset digits) {
    show(show, digits);
    try {
      draw(directory, show, digits.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
