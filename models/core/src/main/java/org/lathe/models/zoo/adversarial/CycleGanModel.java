package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.InstanceNoise;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Shapes;
import org.lathe.models.nets.CycleGan;
import org.lathe.models.nn.Layer;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
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
import org.lathe.models.zoo.parts.PictureJudge;

/**
 * Translates plain figures on a light ground into striped ones on a dark ground and back, without pairs: see {@link CycleGan}.
 * Pictures [batch, 3, 32, 32].
 *
 * <p>The losses are the paper's: least squares for the critics, and the absolute error of a picture that went there and back,
 * with a weight that ends at the paper's {@value #CYCLE}: it begins at {@value #FIRST_CYCLE}, as both generators, which begin
 * near the identity, would else hold each other there. The critics learn in the same step as the generators, from the same
 * translations. It differs from the paper in this weight, in its size, in noise on what the critics see, which falls to
 * nothing over half the training (without it they judge by the finest grain alone), and in that they see no earlier
 * translations.
 *
 * <p>The bar is the mean absolute error of held-out pictures that went there and back, in pixel values of 0..1: half of what
 * one colour for the whole picture comes to (its own mean colour: {@value #FLAT}, measured on the data made from seed 1), with
 * which the figure would be lost. It passes only if a classifier, trained in the same run on other real pictures of both
 * styles, takes at least {@value #STYLED} of the translated pictures for the other style, and sees the figure that the
 * picture was made with in at least {@value #KEPT} of them; and if figures get and lose at least {@value #STRIPED} of the
 * stripes that tell the styles of real ones, which the classifier, that sees the ground too, need not look at.
 *
 * <p>The figure is the narrowest of these: seed 1 passes; seed 2, the only other one tried, keeps 79.5% of the figures and so
 * fails, with cycle error and stripes far within what is asked.
 */
final class CycleGanModel extends ZooModel {
  private static final double FLAT = 0.092;
  private static final double STYLED = 0.9;
  private static final double KEPT = 0.8;
  private static final double STRIPED = 0.5;
  private static final List<Condition> CONDITIONS = List.of(
      new Condition("other_style", STYLED), new Condition("same_figure", KEPT), new Condition("restriped", STRIPED));
  private static final int TRAIN = 3_000;
  private static final int HELD = 200;
  private static final int TEST = 400;
  private static final int BATCH = 4;
  private static final int EPOCHS = 6;
  private static final double FIRST_CYCLE = 0.5;
  private static final double CYCLE = 10;
  private static final long ITERATIONS = (long) EPOCHS * (TRAIN / BATCH);
  private static final int JUDGED = 100;
  private static final int SHOWN = 10;

  private static final int JUDGE_TRAIN = 6_000;
  private static final PictureJudge.Plan JUDGE = new PictureJudge.Plan(
      Translations.SIDE,
      List.of(
          new PictureJudge.Question("label", Shapes.classes().size()),
          new PictureJudge.Question("style", Shapes.Style.values().length)),
      2 * JUDGE_TRAIN, 5);

  /** What must hold besides the bar: that {@code metric} is at least {@code least}. */
  private record Condition(String metric, double least) {}

  CycleGanModel() {
    super(
        new Card(
            "cyclegan", Adversarial.FAMILY, "Zhu, Park, Isola and Efros 2017", "cycle_error", Direction.LOWER,
            FLAT / 2, "shapes"));
  }

  private static Game game() {
    Adam adam = new Adam(Schedule.cosine(1e-3, 2e-5, ITERATIONS)).withBetas(0.5, 0.999);
    return Game.of(AdversarialLoss.LEAST_SQUARES, adam, adam).noisy(new InstanceNoise(0.2, ITERATIONS / 2));
  }

  /** One direction: what translates, what translates back, and who judges the translations. */
  private record Course(Layer translator, Layer returner, Layer critic) {
    Tensor generatorLoss(Game game, Tensor made, Tensor iteration) {
      return game.generatorLoss(s -> critic.apply(s.x()), Sample.of(made), iteration);
    }

    Tensor criticLoss(Game game, Tensor real, Tensor made, Tensor iteration) {
      return game.criticLoss(
          s -> critic.apply(s.x()), false, Sample.of(real), Sample.of(made).stopGradient(), iteration);
    }

    /** Of pictures that went there and back. */
    Tensor error(Tensor real, Tensor made) {
      return LossOps.absoluteError(returner.apply(made), real);
    }
  }

  /** A step's pictures of both styles, in -1..1, and their translations. */
  private record Translated(Tensor plain, Tensor striped, Tensor toStriped, Tensor toPlain) {
    static Translated of(StepContext c, Course there, Course back) {
      Tensor plain = scaled(c.input(Translations.PLAIN));
      Tensor striped = scaled(c.input(Translations.STRIPED));
      return new Translated(plain, striped, there.translator().apply(plain), back.translator().apply(striped));
    }
  }

  private static Blueprint blueprint(CycleGan.Options options, long batch, long side) {
    CycleGan nets = new CycleGan(options);
    Course there = new Course(nets.generators().there(), nets.generators().back(), nets.critics().there());
    Course back = new Course(nets.generators().back(), nets.generators().there(), nets.critics().back());
    Game game = game();
    List<Field> fields = List.of(
        Field.floats(Translations.PLAIN, batch, options.channels(), side, side),
        Field.floats(Translations.STRIPED, batch, options.channels(), side, side));
    Step training = Step.training(
        "train",
        nets,
        fields,
        c -> {
          Translated made = Translated.of(c, there, back);
          Tensor cycle = there.error(made.plain(), made.toStriped()).mean()
              .add(back.error(made.striped(), made.toPlain()).mean());
          Tensor loss = there.generatorLoss(game, made.toStriped(), c.stepNumber())
              .add(back.generatorLoss(game, made.toPlain(), c.stepNumber()))
              .add(cycle.mul(cycleWeight(c.stepNumber())));
          c.minimize(loss, Group.of(Game.GENERATOR, nets.generators(), game.generator()));
          Tensor judged = there.criticLoss(game, made.striped(), made.toStriped(), c.stepNumber())
              .add(back.criticLoss(game, made.plain(), made.toPlain(), c.stepNumber()));
          c.minimize(judged, Group.of(Game.CRITIC, nets.critics(), game.critic()));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "translate",
        nets,
        fields,
        c -> {
          Translated made = Translated.of(c, there, back);
          c.report(Translations.STRIPED, pixels(made.toStriped()));
          c.report(Translations.PLAIN, pixels(made.toPlain()));
          c.report(Translations.PLAIN_ERROR, there.error(made.plain(), made.toStriped()).mean(1, 2, 3).mul(0.5));
          c.report(Translations.STRIPED_ERROR, back.error(made.striped(), made.toPlain()).mean(1, 2, 3).mul(0.5));
        });
    return new Blueprint(List.of(training), inference);
  }

  /** {@value #FIRST_CYCLE} in the first fifth of the training, {@value #CYCLE} in the last, a line between: f32 scalar. */
  private static Tensor cycleWeight(Tensor iteration) {
    Tensor part = iteration.mul(1.0 / ITERATIONS).sub(0.2).mul(1 / 0.6).maximum(0).minimum(1);
    return part.mul(CYCLE - FIRST_CYCLE).add(FIRST_CYCLE);
  }

  private static Tensor scaled(Tensor pixels) {
    return pixels.mul(2).sub(1);
  }

  private static Tensor pixels(Tensor picture) {
    return picture.add(1).mul(0.5).maximum(0).minimum(1);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(new CycleGan.Options(3, 16, 2, 1, 16, 2), batch, Translations.SIDE);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(new CycleGan.Options(3, 2, 1, 1, 2, 1), 2, 8);
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
    DataSource.none(name(), request.data());
    Dataset train = Translations.Pictures.of(TRAIN, request.seed()).unpaired();
    Translations.Pictures held = Translations.Pictures.of(HELD, request.seed() + 1);
    Translations.Pictures test = Translations.Pictures.of(TEST, DataSource.testSeed(request.seed()));
    Translations.Pictures judged = Translations.Pictures.of(JUDGE_TRAIN, request.seed() + 2);
    try (PictureJudge judge = new PictureJudge(request, JUDGE, judged.plain().and(judged.striped()));
        ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(blueprint(BATCH).training().getFirst(), state);
        BoundStep translate = BoundStep.bind(blueprint(JUDGED).inference(), state)) {
      Path file = request.out().resolve("translated.png");
      TrainingTask task = TrainingTask.over(
          step, new Batches(train, step, request.seed()), () -> metrics(shown(translate, held, file), judge));
      Trainer.Outcome outcome = Trainer.train(state, task, request.options(name(), EPOCHS));
      Translations made = shown(translate, test, file);
      Map<String, Double> found = metrics(made, judge);
      note(request, found, made, judge);
      TrainResult result = card().result(made.cycleError(), outcome.seconds(), outcome.checkpoint());
      return CONDITIONS.stream()
          .filter(c -> !(found.getOrDefault(c.metric(), Double.NaN) >= c.least()))
          .map(
              c -> new TrainResult(
                  c.metric(), found.getOrDefault(c.metric(), Double.NaN), c.least(), false, result.seconds(),
                  result.checkpoint()))
          .findFirst().orElse(result);
    }
  }

  private static Map<String, Double> metrics(Translations made, PictureJudge judge) {
    Translations.Verdict verdict = made.judged(judge);
    return Map.of(
        "cycle_error", made.cycleError(), "other_style", verdict.styled(), "same_figure", verdict.kept(), "restriped",
        made.restriped());
  }

  private static void note(
      TrainRequest request, Map<String, Double> found, Translations made, PictureJudge judge) {
    request.listener().note(
        String.format(
            Locale.ROOT,
            "of %d translated pictures %.1f%% have the other style and %.1f%% show the same figure; figures go %.2f of the "
                + "way to the other style's stripes; the judge tells the figure of %.1f%% of real plain pictures and %.1f%% "
                + "of striped ones",
            2 * made.from().size(), 100 * found.getOrDefault("other_style", Double.NaN),
            100 * found.getOrDefault("same_figure", Double.NaN), found.getOrDefault("restriped", Double.NaN),
            100 * judge.accuracy(made.from().plain()).getOrDefault("label", Double.NaN),
            100 * judge.accuracy(made.from().striped()).getOrDefault("label", Double.NaN)));
  }

  /** Translates pictures and writes the first of them. */
  private static Translations shown(BoundStep translate, Translations.Pictures pictures, Path file) {
    Translations made = Translations.of(translate, pictures);
    try {
      made.write(file, Math.min(SHOWN, pictures.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return made;
  }

  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(List.of(blueprint(JUDGED).inference(), blueprint(SHOWN).inference()));
    steps.addAll(JUDGE.steps());
    return steps;
  }

  /** Translates pictures that no training has seen, of both styles. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    Step step = blueprint(count).inference();
    try (ModelState state = load(request, name(), step); BoundStep translate = BoundStep.bind(step, state)) {
      Path file = Files.createDirectories(request.out()).resolve("translated.png");
      Translations made = Translations.of(
          translate, Translations.Pictures.of(count, DataSource.testSeed(request.seed())));
      made.write(file, count);
      request.found(
          "picture", count + " pictures of each style, and what they became: " + file, "file", file.toString(),
          "count", count);
      return Map.of("cycle_error", made.cycleError());
    }
  }
}
