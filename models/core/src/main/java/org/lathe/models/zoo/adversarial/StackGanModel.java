package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.data.Shapes;
import org.lathe.models.nets.StackGan;
import org.lathe.models.nn.Upsampling;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
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
import org.lathe.models.zoo.parts.CaptionedPictures;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.GivenSentences;
import org.lathe.models.zoo.parts.PictureGrid;
import org.lathe.models.zoo.parts.PictureJudge;

/**
 * Draws pictures of captions in two stages: see {@link StackGan}. A caption, i32 [batch, 9], such as "a small red star at the
 * top left", and noise [batch, 32] become [batch, 3, 32, 32], and these [batch, 3, 64, 64].
 *
 * <p>The first stage learns, then the second on what the first makes, which learns no more. In each the critic learns first,
 * alone, to tell the figures and colours of real pictures. Then the losses are the paper's: the generators' non-saturating
 * one and the divergence of what they draw of a caption, with a weight of {@value StackGanStage#DIVERGENCE}; the critics' of
 * real pictures with their captions, against made ones and against real ones with wrong captions, each of which counts half.
 *
 * <p>It differs from the paper in its wrong captions (see {@link WrongCaptions}); in a further loss of both networks, with a
 * weight of {@value StackGanStage#MISTAKEN}: the cross-entropy of the right figure and the right colour among all by the
 * critic's scores, of real pictures for the critic and of made ones for the generator; in critics that learn this before the
 * game, so that their generators are told of it from the start, where the paper has an encoder of captions that was trained
 * before; in noise on what the critics see, which falls to nothing over a quarter of each stage; and in that a critic learns
 * in the same step as its generator, from the same pictures.
 *
 * <p>So short a training leaves pictures of one caption much alike, and the second stage changes those of the first little.
 *
 * <p>The bar is the share of pictures of 64 x 64, made of captions of held-out pictures, that have the caption's figure and
 * its colour too, as a classifier reads them that was trained in the same run on other pictures and that neither network
 * ever sees.
 */
final class StackGanModel extends ZooModel {
  private static final double KEPT = 0.7;
  private static final int SIDE = 64;
  private static final int NOISE = 32;
  private static final int MADE = 100;
  private static final int SHOWN = 10;
  private static final int SAMPLES = 40;

  private final Sizes sizes;
  private final PictureJudge.Plan judge;

  /**
   * How long a stage learns.
   *
   * @param train pictures
   * @param readings epochs of its critic alone
   * @param epochs of both networks
   */
  record Length(int train, int readings, int epochs) {}

  /**
   * How long the classifier that judges learns.
   *
   * @param train pictures
   */
  record Judging(int train, int epochs) {}

  /**
   * How much is computed.
   *
   * @param validation captions drawn after each epoch
   * @param test captions drawn at the end
   */
  record Sizes(
      StackGan.Options nets, int batch, Length first, Length second, Judging judge, int validation, int test) {
    Length of(StackGanStage stage) {
      return stage == StackGanStage.FIRST ? first : second;
    }

    long iterations(StackGanStage stage, int epochs) {
      return (long) of(stage).train() / batch * epochs;
    }
  }

  StackGanModel() {
    this(
        new Sizes(
            new StackGan.Options(
                Shapes.vocabulary().size(), Grammar.PAD, 64, 32, NOISE, 256, List.of(80L, 48L, 32L), 24, 1,
                List.of(20L, 40L, 64L), List.of(12L, 24L, 48L, 64L), 96),
            32, new Length(16_000, 2, 10), new Length(8_000, 4, 2), new Judging(14_000, 5), 300, 1_000));
  }

  StackGanModel(Sizes sizes) {
    super(
        new Card(
            "stackgan", Adversarial.FAMILY, "Zhang, Xu, Li, Zhang, Wang, Huang and Metaxas 2017", "kept",
            Direction.HIGHER, KEPT, "shapes"));
    this.sizes = sizes;
    judge = new PictureJudge.Plan(
        SIDE,
        List.of(
            new PictureJudge.Question("label", Shapes.classes().size()),
            new PictureJudge.Question("colour", Shapes.Colour.values().length)),
        sizes.judge().train(), sizes.judge().epochs());
  }

  private Blueprint blueprint(StackGan.Options options, long batch) {
    StackGan nets = new StackGan(options);
    List<Step> training = Arrays.stream(StackGanStage.values())
        .flatMap(
            s -> Stream.of(
                s.reading(nets, options, batch, sizes.iterations(s, sizes.of(s).readings())),
                s.training(nets, options, batch, sizes.iterations(s, sizes.of(s).epochs()))))
        .toList();
    Step inference = Step.inference(
        "generate",
        nets,
        List.of(Field.ints("caption", batch, Shapes.WORDS), Field.floats("noise", batch, options.noise())),
        c -> {
          Tensor captions = c.input("caption");
          Tensor noise = c.input("noise");
          Tensor first = nets.firstAverage().inferring(() -> nets.firstGenerator().make(captions, noise)).picture();
          c.report("first", unscaled(new Upsampling(2).apply(first)));
          c.report(
              "second",
              unscaled(nets.secondAverage().inferring(() -> nets.secondGenerator().make(captions, first)).picture()));
        });
    return new Blueprint(training, inference);
  }

  private static Tensor unscaled(Tensor picture) {
    return picture.add(1).mul(0.5).maximum(0).minimum(1);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(sizes.nets(), batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(
        new StackGan.Options(
            Shapes.vocabulary().size(), Grammar.PAD, 4, 3, 2, 5, List.of(4L), 3, 1, List.of(3L), List.of(2L, 3L), 5),
        3);
  }

  @Override
  public long batch() {
    return sizes.batch();
  }

  @Override
  public Values values() {
    return Values.uniform(Shapes.vocabulary().size(), RandomGenerator::nextDouble);
  }

  private static Dataset pictures(int count, int side, long seed) {
    return Shapes.generate(count, Shapes.Options.of(side), seed);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    long seed = request.seed();
    Blueprint plan = blueprint(batch());
    Dataset validation = pictures(sizes.validation(), SIDE, seed + 2);
    try (PictureJudge judging = new PictureJudge(request, judge, pictures(sizes.judge().train(), SIDE, seed + 1));
        ModelState state = new ModelState(request.lathe(), seed);
        Steps steps = new Steps(plan.training().stream().map(s -> BoundStep.bind(s, state)).toList());
        BoundStep generate = BoundStep.bind(blueprint(MADE).inference(), state)) {
      List<Phases.Phase> all = new ArrayList<>();
      for (StackGanStage stage : StackGanStage.values()) {
        all.addAll(phases(stage, request, steps, generate, judging, validation));
      }
      Phases phases = new Phases(all);
      Trainer.Outcome outcome = Trainer.train(state, phases, request.options(name(), phases.epochs()));
      Dataset test = pictures(sizes.test(), SIDE, DataSource.testSeed(seed));
      Made made = make(generate, captions(test), seed);
      write(request.out().resolve("samples.png"), made);
      Verdict verdict = verdict(judging, made.second(), test);
      request.listener().note(
          "the judge reads figure, colour and both of " + verdict(judging, pixels(test), test)
              + " of real held-out pictures, "
              + verdict(judging, made.first(), test) + " of the first stage's and " + verdict + " of the second's");
      return card().result(verdict.both(), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** The bound training steps of all stages. */
  private record Steps(List<BoundStep> all) implements AutoCloseable {
    BoundStep reading(StackGanStage stage) {
      return all.get(2 * stage.ordinal());
    }

    BoundStep training(StackGanStage stage) {
      return all.get(2 * stage.ordinal() + 1);
    }

    @Override
    public void close() {
      all.forEach(BoundStep::close);
    }
  }

  private List<Phases.Phase> phases(
      StackGanStage stage, TrainRequest request, Steps steps, BoundStep generate, PictureJudge judging,
      Dataset validation) {
    Dataset pictures = pictures(sizes.of(stage).train(), stage.side(sizes.nets()), request.seed());
    BoundStep reading = steps.reading(stage);
    BoundStep step = steps.training(stage);
    TrainingTask read = TrainingTask.over(reading, new Batches(pictures, reading, request.seed()), Map::of);
    TrainingTask task = TrainingTask.over(
        step,
        new Batches(pictures, step, request.seed()),
        () -> {
          Made made = make(generate, captions(validation), request.seed());
          try {
            write(request.out().resolve("samples-" + stage.label() + ".png"), made);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          Verdict v = verdict(judging, stage == StackGanStage.FIRST ? made.first() : made.second(), validation);
          return Map.of("figure", v.figure(), "colour", v.colour(), "kept", v.both());
        });
    return List.of(
        new Phases.Phase(sizes.of(stage).readings(), read), new Phases.Phase(sizes.of(stage).epochs(), task));
  }

  private static int[] captions(Dataset pictures) {
    return ((Column.Ints) pictures.column("caption")).data();
  }

  private static float[] pixels(Dataset pictures) {
    return ((Column.Floats) pictures.column("image")).data();
  }

  /** The shares of pictures of which the judge reads the figure, the colour, and both as the captions say. */
  private record Verdict(double figure, double colour, double both) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.1f%%, %.1f%% and %.1f%%", 100 * figure, 100 * colour, 100 * both);
    }
  }

  private static Verdict verdict(PictureJudge judging, float[] pixels, Dataset asked) {
    Map<String, int[]> answers = judging.judge(pixels);
    int[] figures = answers.getOrDefault("label", new int[0]);
    int[] colours = answers.getOrDefault("colour", new int[0]);
    int[] askedFigures = ((Column.Ints) asked.column("label")).data();
    int[] askedColours = ((Column.Ints) asked.column("colour")).data();
    double figure = 0;
    double colour = 0;
    double both = 0;
    for (int i = 0; i < askedFigures.length; i++) {
      boolean isFigure = figures[i] == askedFigures[i];
      boolean isColour = colours[i] == askedColours[i];
      figure += isFigure ? 1 : 0;
      colour += isColour ? 1 : 0;
      both += isFigure && isColour ? 1 : 0;
    }
    int count = askedFigures.length;
    return new Verdict(figure / count, colour / count, both / count);
  }

  /** Pictures [count, 3, 64, 64] in 0..1: the first stage's, enlarged, and the second's. */
  private record Made(float[] first, float[] second) {}

  /** Draws captions, as many at a time as the step takes. */
  private static Made make(BoundStep generate, int[] captions, long seed) {
    int batch = Math.toIntExact(generate.input("caption").type().dim(0));
    int count = captions.length / Shapes.WORDS;
    int size = 3 * SIDE * SIDE;
    float[] noise = Noise.normal(count, NOISE, seed);
    Made made = new Made(new float[count * size], new float[count * size]);
    for (int from = 0; from < count; from += batch) {
      int valid = Math.min(batch, count - from);
      generate.input("caption").write(
          Arrays.copyOf(
              Arrays.copyOfRange(captions, from * Shapes.WORDS, (from + valid) * Shapes.WORDS), batch * Shapes.WORDS));
      generate.input("noise").write(
          Arrays.copyOf(Arrays.copyOfRange(noise, from * NOISE, (from + valid) * NOISE), batch * NOISE));
      generate.run();
      System.arraycopy(generate.report("first").toFloats(), 0, made.first(), from * size, valid * size);
      System.arraycopy(generate.report("second").toFloats(), 0, made.second(), from * size, valid * size);
    }
    return made;
  }

  /** The first pictures: pairs of the first stage's and the second's, five to a row. */
  private static void write(Path file, Made made) throws IOException {
    int size = 3 * SIDE * SIDE;
    int count = Math.min(SAMPLES, made.first().length / size);
    float[] pairs = new float[2 * count * size];
    for (int i = 0; i < count; i++) {
      System.arraycopy(made.first(), i * size, pairs, 2 * i * size, size);
      System.arraycopy(made.second(), i * size, pairs, (2 * i + 1) * size, size);
    }
    PictureGrid.writeColour(file, pairs, SIDE, 10, PictureGrid.Overlay.NONE);
  }

  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(List.of(blueprint(MADE).inference(), blueprint(SHOWN).inference()));
    steps.addAll(judge.steps());
    return steps;
  }

  /** Draws captions of {@code --data caption:WORDS} or {@code text:FILE}, each with noise of its own, or held-out ones. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    List<List<Integer>> asked = asked(request);
    int[] captions = new int[asked.size() * Shapes.WORDS];
    for (int i = 0; i < asked.size(); i++) {
      for (int w = 0; w < asked.get(i).size(); w++) {
        captions[i * Shapes.WORDS + w] = asked.get(i).get(w);
      }
      captions[i * Shapes.WORDS + asked.get(i).size()] = Grammar.END;
    }
    Step step = blueprint(Math.min(asked.size(), MADE)).inference();
    try (ModelState state = load(request, name(), step); BoundStep generate = BoundStep.bind(step, state)) {
      Made made = make(generate, captions, request.seed());
      Path file = Files.createDirectories(request.out()).resolve("drawn.png");
      List<String> lines = asked.stream().map(Shapes.vocabulary()::text).toList();
      CaptionedPictures.write(file, List.of(made.first(), made.second()), SIDE, lines.stream().map(List::of).toList());
      request.found(
          "picture", asked.size() + " captions drawn, by the first stage and by the second: " + file, "file",
          file.toString(), "count", asked.size(), "captions", lines);
      return Map.of();
    }
  }

  /** The captions of a run: those given in turn, or those of pictures that no training has seen. */
  private List<List<Integer>> asked(RunRequest request) throws IOException {
    String data = request.data();
    if (data == null) {
      return sentences(pictures(request.countOr(SHOWN), SIDE, DataSource.testSeed(request.seed())));
    }
    List<List<Integer>> given = GivenSentences.read(name(), "caption", data, Shapes.vocabulary(), Shapes.WORDS - 1);
    return IntStream.range(0, request.countOr(Math.max(SHOWN, given.size())))
        .mapToObj(i -> given.get(i % given.size())).toList();
  }

  /** Captions without their ends. */
  private static List<List<Integer>> sentences(Dataset pictures) {
    int[] captions = captions(pictures);
    return IntStream.range(0, pictures.size())
        .mapToObj(
            i -> Arrays.stream(captions, i * Shapes.WORDS, (i + 1) * Shapes.WORDS)
                .filter(t -> t != Grammar.PAD && t != Grammar.END).boxed().toList())
        .toList();
  }
}
