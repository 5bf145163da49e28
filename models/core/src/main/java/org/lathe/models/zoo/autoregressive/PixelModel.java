package org.lathe.models.zoo.autoregressive;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.LevelPictures;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.PixelNet;
import org.lathe.models.nn.PixelSampler;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
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
import org.lathe.models.zoo.parts.DigitJudge;
import org.lathe.models.zoo.parts.GivenClasses;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * An autoregressive model of digits of 14 x 14 pixels in a few levels (see {@link LevelPictures}): pictures i32 [batch, 14,
 * 14] to logits of all pixels [batch, 14, 14, levels].
 *
 * <p>The bar is held against the factorised baseline, in which each pixel has a distribution of its own whatever the others
 * are (and one for each class, where the model is told the class): the bits for each pixel of held-out pictures, as a share
 * of the baseline's, are to be a third less. It passes only if
 * <ul>
 * <li>a change of a later pixel changes no earlier distribution, bit for bit;
 * <li>the logits of drawing one pixel at a time, from what is kept of those before, are those of the whole net;
 * <li>of half pictures that it completes, a LeNet-5 trained on the same digits reads more rightly than of those that
 * independent pixels complete;
 * <li>conditioned on a class, the LeNet-5 reads the asked digit in at least {@value #OBEYED} of the pictures drawn.
 * </ul>
 */
class PixelModel extends ZooModel {
  static final int SIDE = Digits.SIDE / 2;
  static final int LEVELS = 4;
  static final int CLASSES = 10;

  private static final int PIXELS = SIDE * SIDE;
  private static final int TEST = 1_000;
  /** One in so many training pictures is held for validation. */
  private static final int HELD = 16;
  /** Pictures drawn at a time. */
  private static final int DRAWN = 100;
  /** Times that so many are drawn to see whether the asked classes are read. */
  private static final int DRAWS = 5;
  private static final int COLUMNS = 20;
  private static final double BAR = 2.0 / 3;
  private static final double OBEYED = 0.8;
  /** The largest difference of logits drawn and logits of the whole net, whose own size is about 10. */
  private static final double TOLERANCE = 1e-3;

  private final Recipe recipe;

  /** Makes nets. */
  interface Nets {
    /**
     * @param small for checks in the oracle
     */
    PixelNet make(boolean small);
  }

  /**
   * How a row learns.
   *
   * @param train pictures, those held for validation included
   * @param rate where Adam's rate begins; it falls along a cosine
   */
  record Recipe(Nets nets, int train, long batch, int epochs, double rate) {
    private PixelNet full() {
      return nets.make(false);
    }

    private long iterations() {
      return epochs * ((train - train / HELD) / batch);
    }
  }

  PixelModel(String name, String paper, Recipe recipe) {
    super(
        new Card(name, Autoregressive.FAMILY, paper, "bits_ratio", Direction.LOWER, BAR, "digits, or mnist:DIR"));
    this.recipe = recipe;
  }

  /** The pictures, and their classes for a net that knows them. */
  static List<Field> fields(PixelNet net, long batch) {
    List<Field> fields = new ArrayList<>(List.of(Field.ints("level", batch, net.side(), net.side())));
    if (net.classes() > 0) {
      fields.add(Field.ints("label", batch));
    }
    return fields;
  }

  private Blueprint blueprint(PixelNet net, long batch) {
    Schedule rate = Schedule.cosine(recipe.rate, recipe.rate / 50, recipe.iterations()).warmedUp(20);
    Step training = Step.training(
        "train",
        net,
        fields(net, batch),
        c -> {
          Tensor loss = bits(net, net.nats(c.input("level"), Drawing.label(net, c))).mean();
          c.minimize(loss, Group.of(net, new Adam(rate)).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
    Step inference = Step.inference(
        "predict",
        net,
        fields(net, batch),
        c -> c.report("bits", bits(net, net.nats(c.input("level"), Drawing.label(net, c)))));
    return new Blueprint(List.of(training), inference);
  }

  /** Nats of a picture as bits of each pixel. */
  private static Tensor bits(PixelNet net, Tensor nats) {
    return nats.div(net.side() * net.side() * Math.log(2));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(recipe.full(), batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(recipe.nets.make(true), 2);
  }

  @Override
  public long batch() {
    return recipe.batch;
  }

  @Override
  public Values values() {
    return Values.uniform(LEVELS, RandomGenerator::nextDouble);
  }

  @Override
  public List<Step> runSteps() {
    PixelNet net = recipe.full();
    List<Step> steps = new ArrayList<>(List.of(Drawing.step(net, DRAWN), Distributions.step(net, DRAWN)));
    steps.addAll(DigitJudge.steps());
    return steps;
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest digits = DataSource.digits(
        name(), request.data(), recipe.train, TEST, request.seed(), HELD * (int) recipe.batch, DRAWN);
    Dataset all = LevelPictures.of(digits.train(), LEVELS);
    int rest = all.size() - all.size() / HELD;
    Dataset train = all.range(0, rest);
    Dataset test = LevelPictures.of(digits.test(), LEVELS);
    PixelNet net = recipe.full();
    IndependentPixels baseline = new IndependentPixels(train, LEVELS, Math.toIntExact(net.classes()));
    Blueprint plan = blueprint(recipe.batch);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state);
        Drawing drawing = new Drawing(net, DRAWN, state)) {
      Dataset held = all.range(rest, all.size());
      Evaluation validation = new Evaluation(predict, held);
      double heldBaseline = baseline.bitsPerPixel(held);
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step,
              new Batches(train, step, request.seed()),
              () -> {
                drawSamples(request, drawing);
                return metrics(validation.run(), heldBaseline);
              }),
          request.options(name(), recipe.epochs));
      double bits = new Evaluation(predict, test).run().getOrDefault("bits", Double.NaN);
      double independent = baseline.bitsPerPixel(test);
      request.listener().note(
          String.format(
              Locale.ROOT, "%.3f bits for each pixel, independent pixels have %.3f", bits, independent));
      TrainResult result = card().result(bits / independent, outcome.seconds(), outcome.checkpoint());
      TrainResult missed = check(request, state, drawing, train, test, baseline, result);
      return missed == null ? result : missed;
    }
  }

  private static Map<String, Double> metrics(Map<String, Double> measured, double baseline) {
    double bits = measured.getOrDefault("bits", Double.NaN);
    return Map.of("bits", bits, "bits_ratio", bits / baseline);
  }

  /** Classes of the pictures that are drawn from nothing: all in turn. */
  private int[] turns() {
    return GivenClasses.read(name(), null, GivenClasses.DIGITS, DRAWN);
  }

  /** Draws pictures from nothing, and writes {@code samples.png}. */
  private int[] drawSamples(TrainRequest request, Drawing drawing) {
    int[] drawn = drawing.draw(Drawing.nothing(DRAWN, PIXELS), turns(), request.seed());
    try {
      save(request.out().resolve("samples.png"), drawn);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return drawn;
  }

  /** What is asked beside the bar: null, or the first that was missed. */
  private @Nullable TrainResult check(
      TrainRequest request, ModelState state, Drawing drawing, Dataset train, Dataset test,
      IndependentPixels baseline, TrainResult result) throws IOException {
    PixelNet net = recipe.full();
    Dataset shown = test.range(0, DRAWN);
    int[] truth = levels(shown);
    int[] labels = labels(shown);
    int[] halves = Drawing.upperHalves(truth, PIXELS);
    int[] classes = turns();
    try (Distributions distributions = new Distributions(net, DRAWN, state);
        DigitJudge judge = new DigitJudge(request, enlarged(train))) {
      int[] drawn = drawSamples(request, drawing);
      double difference = largestDifference(drawing.logits(), distributions.logits(drawn, classes));
      double leak = distributions.leak(truth, labels, request.seed());
      int[] completed = drawing.draw(halves, labels, request.seed() + 1);
      save(request.out().resolve("completions.png"), truth, halves, completed);
      double read = judge.agreement(grey(completed), labels);
      double readIndependent = judge.agreement(
          grey(baseline.draw(halves, PixelSampler.FREE, shown, request.seed() + 1)), labels);
      double obeyed = net.classes() == 0 ? 0 : obeyed(drawing, judge, drawn, request.seed());
      request.listener().note(
          String.format(
              Locale.ROOT,
              "the judge reads %.0f%% of the true pictures rightly, %.0f%% of their halves completed, %.0f%% completed by"
                  + " independent pixels",
              100 * judge.agreement(grey(truth), labels), 100 * read, 100 * readIndependent));
      if (net.classes() > 0) {
        request.listener().note(
            String.format(
                Locale.ROOT, "the judge reads the asked digit in %.1f%% of %d pictures", 100 * obeyed, DRAWS * DRAWN));
      }
      if (leak != 0) {
        return missed("leak", leak, 0, result);
      }
      if (!(difference <= TOLERANCE)) {
        return missed("cache_difference", difference, TOLERANCE, result);
      }
      if (!(read > readIndependent)) {
        return missed("completed_share", read, readIndependent, result);
      }
      return net.classes() == 0 || obeyed >= OBEYED ? null : missed("asked_share", obeyed, OBEYED, result);
    }
  }

  /**
   * The share of pictures in which the judge reads the class that was asked for.
   *
   * @param first those drawn with {@code seed}; the others are drawn here
   */
  private double obeyed(Drawing drawing, DigitJudge judge, int[] first, long seed) {
    double sum = judge.agreement(grey(first), turns());
    for (int i = 1; i < DRAWS; i++) {
      sum += judge.agreement(grey(drawing.draw(Drawing.nothing(DRAWN, PIXELS), turns(), seed + 1 + i)), turns());
    }
    return sum / DRAWS;
  }

  private static TrainResult missed(String metric, double value, double bar, TrainResult of) {
    return new TrainResult(metric, value, bar, false, of.seconds(), of.checkpoint());
  }

  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  private static int[] levels(Dataset data) {
    return ((Column.Ints) data.column("level")).data();
  }

  private static int[] labels(Dataset data) {
    return ((Column.Ints) data.column("label")).data();
  }

  private static float[] grey(int[] levels) {
    return LevelPictures.grey(levels, SIDE, LEVELS);
  }

  /** As the judge takes pictures. */
  private static Dataset enlarged(Dataset pictures) {
    Column.Floats image = new Column.Floats("image", Dims.of(1, Digits.SIDE, Digits.SIDE), grey(levels(pictures)));
    return new Dataset(pictures.name(), List.of(image, pictures.column("label")));
  }

  /** Rows of pictures one below the other, of each of {@code rows} in turn; what is not given is mid grey. */
  private static void save(Path file, int[]... rows) throws IOException {
    int count = rows[0].length / PIXELS;
    int columns = Math.min(count, COLUMNS);
    int size = Digits.SIDE * Digits.SIDE;
    float[] all = new float[(count + columns - 1) / columns * rows.length * columns * size];
    for (int r = 0; r < rows.length; r++) {
      float[] grey = grey(rows[r]);
      for (int i = 0; i < count; i++) {
        int cell = (i / columns * rows.length + r) * columns + i % columns;
        for (int p = 0; p < size; p++) {
          float v = grey[i * size + p];
          all[cell * size + p] = v < 0 ? 0.5f : v;
        }
      }
    }
    PictureGrid.write(file, all, Digits.SIDE, columns);
  }

  /**
   * Completes the upper halves of digits that no training has seen, and draws pictures from nothing; where it is conditioned
   * on a class, of those asked for.
   */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    PixelNet net = recipe.full();
    int count = request.countOr(DRAWN);
    boolean asked = net.classes() > 0 && request.data() != null && request.data().startsWith("class:");
    Dataset half = asked
        ? null
        : LevelPictures.of(DataSource.digitsToTest(name(), request.data(), count, request.seed()), LEVELS);
    int[] classes = GivenClasses.read(name(), asked ? request.data() : null, GivenClasses.DIGITS, count);
    Files.createDirectories(request.out());
    try (ModelState state = load(request, name(), blueprint(1).inference());
        Drawing drawing = new Drawing(net, Math.min(count, DRAWN), state)) {
      if (half != null) {
        int[] halves = Drawing.upperHalves(levels(half), PIXELS);
        int[] completed = drawing.draw(halves, labels(half), request.seed() + 1);
        Path file = request.out().resolve("completions.png");
        save(file, levels(half), halves, completed);
        found(request, file, count + " pictures, their upper halves, and those completed", count);
      }
      if (asked || request.data() == null) {
        Path file = request.out().resolve("generated.png");
        save(file, drawing.draw(Drawing.nothing(count, PIXELS), classes, request.seed()));
        found(request, file, count + " pictures drawn pixel by pixel", count);
      }
    }
    return Map.of();
  }

  private static void found(RunRequest request, Path file, String what, int count) {
    request.found("picture", what + ": " + file, "file", file.toString(), "count", count);
  }
}
