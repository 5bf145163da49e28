package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.adversarial.AdversarialTask;
import org.lathe.models.adversarial.Game;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Phases;
import org.lathe.models.train.Phases.Phase;
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
import org.lathe.models.zoo.parts.DigitReview;
import org.lathe.models.zoo.parts.GivenClasses;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * Adversarial networks of digits, 28 x 28 grey pictures: training, pictures at each checkpoint, and the judges of
 * {@link DigitReview}. A subclass picks the networks, the rules, and what passes.
 */
abstract class DigitGanModel extends ZooModel {
  private static final int COLUMNS = 10;
  private static final int SHOWN = COLUMNS * COLUMNS;
  private static final int SIZE = Digits.SIDE * Digits.SIDE;

  private final Sizes sizes;

  /**
   * How much is computed.
   *
   * @param train pictures, where they are made
   * @param noise how many numbers a picture is made of
   * @param condition the width of what the generator is told, as one-hot; 0 for nothing
   * @param iterations in an epoch
   */
  record Sizes(int train, long batch, int noise, int condition, int iterations, int epochs) {
    long total() {
      return (long) iterations * epochs;
    }
  }

  /**
   * What a training came to.
   *
   * @param pixels [{@value DigitReview#COUNT}, 28, 28] in 0..1, made at the end
   * @param asked what each was asked to be; all 0 where nothing can be asked
   * @param gauged what {@link #gauge} measured
   */
  record Trial(
      float[] pixels, int[] asked, DigitReview review, DigitReview.Found found, DigitReview.Neighbours neighbours,
      Map<String, Double> gauged, Trainer.Outcome outcome) {}

  DigitGanModel(Card card, Sizes sizes) {
    super(card);
    this.sizes = sizes;
  }

  final Sizes sizes() {
    return sizes;
  }

  /** Fresh networks, of the row's size or small ones for the oracle, with noise of {@link #SMALL_NOISE}. */
  abstract DigitNetworks networks(boolean small);

  /** The noise of small networks. */
  static final int SMALL_NOISE = 4;

  abstract Game game();

  /**
   * What learns before the game, from the same examples.
   *
   * @param epochs over all examples
   */
  record Opening(Step step, int epochs) {}

  @Nullable
  Opening opening(DigitNetworks networks, long batch) {
    return null;
  }

  /** Whether it passes, and by what. */
  abstract TrainResult result(TrainRequest request, Trial trial) throws IOException;

  /** What is measured of the pictures after an epoch beside the review's findings. */
  Map<String, Double> also(DigitReview review, float[] pixels, int[] asked) {
    return Map.of();
  }

  /** What is measured of the networks themselves. */
  interface Gauge extends AutoCloseable {
    /** Nothing. */
    Gauge NONE = test -> Map.of();

    /**
     * @param test whether held-out pictures are looked at, at the end; else some that may be looked at after each epoch
     */
    Map<String, Double> measure(boolean test);

    @Override
    default void close() {}
  }

  Gauge gauge(ModelState state, TrainTest data) {
    return Gauge.NONE;
  }

  /** What the steps are fed with, made of columns {@code image} and {@code label}. */
  Dataset examples(Dataset train) {
    return train;
  }

  /** How many held-out pictures are made, at least {@value DigitReview#HELD}. */
  int held() {
    return DigitReview.HELD;
  }

  /** Noise beyond this is drawn anew for pictures that are shown and judged; infinity for rows that take it as it comes. */
  double truncation() {
    return Double.POSITIVE_INFINITY;
  }

  /** Makes {@value DigitReview#COUNT} pictures. */
  @FunctionalInterface
  interface Maker {
    /**
     * @param noise [{@value DigitReview#COUNT}, noise]
     * @param asked what each is to be
     * @return [{@value DigitReview#COUNT}, 28, 28] in 0..1
     */
    float[] make(float[] noise, int[] asked);
  }

  /** Writes further pictures when the training is done, and notes what is to be said of them. */
  void exhibit(TrainRequest request, Maker maker, DigitReview review) throws IOException {}

  /** The step that a run and a benchmark bind. */
  Step inference(DigitNetworks networks, long batch, boolean small) {
    return generating(networks, batch, small);
  }

  final Step generating(DigitNetworks networks, long batch, boolean small) {
    int noise = small ? SMALL_NOISE : sizes.noise();
    List<Field> fields = new ArrayList<>(List.of(Field.floats("noise", batch, noise)));
    if (sizes.condition() > 0) {
      fields.add(Field.floats("condition", batch, sizes.condition()));
    }
    return Step.inference(
        "generate",
        networks,
        fields,
        c -> {
          Tensor condition = sizes.condition() > 0 ? c.input("condition") : null;
          c.report("image", networks.make(c.input("noise"), condition).add(1).mul(0.5));
        });
  }

  final Blueprint blueprint(long batch, boolean small) {
    DigitNetworks networks = networks(small);
    List<Step> training = new ArrayList<>(game().steps(networks.contest(batch)));
    Opening opening = opening(networks, batch);
    if (opening != null) {
      training.add(opening.step());
    }
    return new Blueprint(training, inference(networks, batch, small));
  }

  private Step generating(long count) {
    return generating(networks(false), count, false);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(batch, false);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(3, true);
  }

  @Override
  public long batch() {
    return sizes.batch();
  }

  @Override
  public Values values() {
    return Values.uniform(10, RandomGenerator::nextDouble);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    TrainTest data = DataSource.digits(
        name(), request.data(), sizes.train(), held(), request.seed(),
        Math.max(DigitReview.COUNT, (int) batch()), DigitReview.HELD);
    Blueprint plan = blueprint(batch());
    Opening opening = opening(networks(false), batch());
    try (DigitReview review = new DigitReview(request, data.train(), data.test());
        ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep first = opening == null ? null : BoundStep.bind(opening.step(), state);
        BoundStep critic = BoundStep.bind(plan.training().get(0), state);
        BoundStep generator = BoundStep.bind(plan.training().get(1), state);
        BoundStep generate = BoundStep.bind(generating(DigitReview.COUNT), state);
        Gauge gauge = gauge(state, data)) {
      int[] asked = sizes.condition() > 0 ? inTurn(DigitReview.COUNT, sizes.condition()) : new int[DigitReview.COUNT];
      Dataset examples = examples(data.train());
      Batches ofGenerator = plan.training().get(1).inputs().isEmpty()
          ? null
          : new Batches(examples, generator, request.seed() + 1);
      List<Phase> phases = new ArrayList<>();
      if (opening != null && first != null) {
        Batches batches = new Batches(examples, first, request.seed());
        phases.add(new Phase(opening.epochs(), TrainingTask.over(first, batches, Map::of)));
      }
      AdversarialTask game = new AdversarialTask(
          game().alternation(), critic, new Batches(examples, critic, request.seed()), generator, ofGenerator,
          sizes.iterations(),
          epoch -> {
            float[] pixels = show(request, generate, asked, "-" + (epoch + 1));
            Map<String, Double> measured = new LinkedHashMap<>(review.reviewInTraining(pixels).metrics());
            measured.putAll(also(review, pixels, asked));
            measured.putAll(gauge.measure(false));
            return measured;
          });
      phases.add(new Phase(sizes.epochs(), game));
      Phases all = new Phases(phases);
      Trainer.Outcome outcome = Trainer.train(state, all, request.options(name(), all.epochs()));
      float[] pixels = show(request, generate, asked, "");
      DigitReview.Found found = review.review(pixels);
      DigitReview.Neighbours neighbours = review.neighbours(pixels, request.out().resolve("neighbours.png"));
      request.listener().note(review.line(found, neighbours));
      exhibit(request, (noise, rows) -> make(generate, noise, rows), review);
      return result(request, new Trial(pixels, asked, review, found, neighbours, gauge.measure(true), outcome));
    }
  }

  /** What misses a bar that is not the card's. */
  static TrainResult missed(String metric, double value, double bar, Trial trial) {
    return new TrainResult(metric, value, bar, false, trial.outcome().seconds(), trial.outcome().checkpoint());
  }

  /** The classes 0, 1, 2, .. again and again. */
  static int[] inTurn(int count, int classes) {
    int[] asked = new int[count];
    Arrays.setAll(asked, i -> i % classes);
    return asked;
  }

  private float[] make(BoundStep generate, float[] noise, int[] asked) {
    generate.input("noise").write(noise);
    if (sizes.condition() > 0) {
      float[] oneHot = new float[asked.length * sizes.condition()];
      for (int i = 0; i < asked.length; i++) {
        oneHot[i * sizes.condition() + asked[i]] = 1;
      }
      generate.input("condition").write(oneHot);
    }
    generate.run();
    return generate.report("image").toFloats();
  }

  /** Makes pictures and writes the first, and a grid whose rows go from one noise to another. */
  private float[] show(TrainRequest request, BoundStep generate, int[] asked, String suffix) {
    try {
      float[] noise = Noise.truncated(asked.length, sizes.noise(), truncation(), request.seed());
      float[] between = Noise.between(noise, COLUMNS, COLUMNS, sizes.noise());
      int[] rows = new int[asked.length];
      for (int i = 0; i < SHOWN && sizes.condition() > 0; i++) {
        rows[i] = i / COLUMNS % sizes.condition();
      }
      write(request.out().resolve("interpolation" + suffix + ".png"), make(generate, between, rows));
      float[] pixels = make(generate, noise, asked);
      write(request.out().resolve("samples" + suffix + ".png"), pixels);
      return pixels;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path file, float[] pixels) throws IOException {
    PictureGrid.write(file, Arrays.copyOf(pixels, SHOWN * SIZE), Digits.SIDE, COLUMNS);
  }

  /** The judge learns too. */
  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>();
    steps.add(generating(DigitReview.COUNT));
    steps.add(generating(SHOWN));
    steps.addAll(DigitReview.steps());
    return steps;
  }

  /** Pictures made from noise, of the classes asked for if it takes them, as one PNG. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    int count = request.countOr(SHOWN);
    Wish wish = Wish.read(name(), request.data(), truncation());
    int[] asked = asked(wish.classes(), count);
    Step generating = generating(count);
    try (ModelState state = load(request, name(), generating);
        BoundStep generate = BoundStep.bind(generating, state)) {
      float[] noise = Noise.truncated(count, sizes.noise(), wish.truncation(), request.seed());
      float[] pixels = make(generate, noise, asked);
      Path file = Files.createDirectories(request.out()).resolve("generated.png");
      PictureGrid.write(file, pixels, Digits.SIDE, Math.min(count, COLUMNS));
      request.found(
          "picture", count + " pictures made from noise: " + file, "file", file.toString(), "count", count);
      return Map.of();
    }
  }

  private int[] asked(@Nullable String data, int count) {
    if (sizes.condition() > 0) {
      return GivenClasses.read(name(), data, GivenClasses.DIGITS, count);
    }
    DataSource.none(name(), data);
    return new int[count];
  }
}
