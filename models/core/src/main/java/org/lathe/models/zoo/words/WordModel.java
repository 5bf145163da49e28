package org.lathe.models.zoo.words;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.WordVectors;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.CheckpointException;
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
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.Pca;
import org.lathe.models.zoo.parts.Plot;

/**
 * What both models of word2vec have in common: three parts, one for each {@link WordVectors.Output}, each in a directory of
 * its own, of which the worst is judged by how many of its words' nearest neighbours are of their category.
 */
abstract class WordModel extends ZooModel {
  private static final int WIDTH = 24;
  private static final int BATCH = 256;
  private static final int SENTENCES = 2000;
  private static final int EPOCHS = 12;
  private static final double GOAL = 0.99;

  WordModel(Card card) {
    super(card);
  }

  static Card card(String name, String data) {
    return new Card(
        name, Words.FAMILY, "Mikolov, Chen, Corrado and Dean 2013; Mikolov et al. 2013", "same_category",
        Direction.HIGHER, 0.9, data);
  }

  /** What one example shows the model, beside the label {@code y} i32 [batch]. */
  abstract Field shown(long batch);

  /** The vectors [batch, width] from which {@code y} is told. */
  abstract Tensor hidden(WordVectors model, Tensor x);

  abstract Dataset examples(Corpus corpus);

  private static String part(WordVectors.Output output) {
    return output.name().toLowerCase(Locale.ROOT);
  }

  private String checkpointName(WordVectors.Output output) {
    return name() + "/" + part(output);
  }

  @Override
  public String checkpointName() {
    return checkpointName(WordVectors.Output.SOFTMAX);
  }

  private Blueprint blueprint(WordVectors.Output output, long width, long batch, double[] counts, long words) {
    WordVectors model = new WordVectors(counts, width, output);
    Step training = Step.training("train", model, List.of(shown(batch), Field.ints("y", batch)), c -> {
      Tensor loss = model.losses(hidden(model, c.input("x")), c.input("y")).mean();
      c.minimize(loss, Group.of(model, new Adam(Schedule.exponential(1e-2, 0.5, 500))));
      c.report("loss", loss);
    });
    Step nearest = Step.inference("nearest", model, List.of(Field.ints("word", words)), c -> {
      WordVectors.Neighbours found = model.nearest(c.input("word"), Corpus.FIRST_WORD, Neighbours.COUNT);
      c.report("neighbours", found.words());
      c.report("cosines", found.cosines());
    });
    return new Blueprint(List.of(training), nearest);
  }

  private Blueprint blueprint(WordVectors.Output output, long batch, long words) {
    return blueprint(output, WIDTH, batch, Corpus.counts(), words);
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(WordVectors.Output.SOFTMAX, batch, batch);
  }

  /** All outputs learn. */
  @Override
  public Blueprint checkBlueprint() {
    double[] counts = {0, 0, 0, 5, 1, 3, 8, 2, 1, 4, 1};
    List<Step> training = new ArrayList<>();
    for (WordVectors.Output output : WordVectors.Output.values()) {
      training.addAll(blueprint(output, 5, 3, counts, 3).training());
    }
    return new Blueprint(
        training, blueprint(WordVectors.Output.HIERARCHICAL, 5, 3, counts, counts.length).inference());
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public List<Step> runSteps() {
    List<Step> all = new ArrayList<>();
    for (WordVectors.Output output : WordVectors.Output.values()) {
      Blueprint plan = blueprint(output, BATCH, Corpus.VOCABULARY);
      all.addAll(plan.training());
      all.add(plan.inference());
    }
    return all;
  }

  /** Tokens of the smaller vocabulary of checks. */
  @Override
  public Values values() {
    return Values.random(11);
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Path resume = request.resume();
    String first = part(WordVectors.Output.SOFTMAX);
    if (resume != null && !Files.exists(resume.resolve(first))) {
      throw new CheckpointException(resume, "holds no directory " + first + "/ with a checkpoint to resume from");
    }
    TrainResult worst = null;
    double seconds = 0;
    for (WordVectors.Output output : WordVectors.Output.values()) {
      TrainResult part = train(output, request.part(part(output)));
      seconds += part.seconds();
      request.listener().note(
          String.format(
              Locale.ROOT, "%s: %.1f%% of the nearest words are of their word's category", checkpointName(output),
              100 * part.value()));
      worst = worst == null || part.value() < worst.value() ? part : worst;
    }
    if (worst == null) {
      throw new IllegalStateException("'" + name() + "' has no parts");
    }
    return card().result(worst.value(), seconds, worst.checkpoint());
  }

  private TrainResult train(WordVectors.Output output, TrainRequest request) throws IOException {
    Blueprint plan = blueprint(output, BATCH, Corpus.VOCABULARY);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep nearest = BoundStep.bind(plan.inference(), state)) {
      Batches batches = new Batches(examples(new Corpus(SENTENCES, request.seed())), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(
              step, batches, () -> Map.of("same_category", Neighbours.of(nearest).sameCategory())),
          request.options(checkpointName(output), EPOCHS).withStopping(
              EarlyStopping.of("same_category", Direction.HIGHER, EPOCHS).withGoal(GOAL)));
      Neighbours found = Neighbours.of(nearest);
      show(request.out(), found, state.array("vectors.weight").toFloats());
      return card().result(found.sameCategory(), outcome.seconds(), outcome.checkpoint());
    }
  }

  /** Writes each word's neighbours, and all vectors along their two principal axes. */
  private static void show(Path out, Neighbours found, float[] vectors) throws IOException {
    List<String> lines = new ArrayList<>();
    Files.createDirectories(out);
    int first = Corpus.FIRST_WORD;
    float[] words = Arrays.copyOfRange(vectors, first * WIDTH, vectors.length);
    Dataset rows = new Dataset(
        "word vectors", List.of(new Column.Floats("vector", Dims.of(WIDTH), words)));
    Pca pca = Pca.fit(rows, "vector", 2);
    Plot plot = new Plot("Word vectors", "first principal component", "second principal component");
    Corpus.byCategory().forEach((tag, members) -> {
      lines.add("# " + tag.name().toLowerCase(Locale.ROOT));
      double[] x = new double[members.size()];
      double[] y = new double[members.size()];
      for (int i = 0; i < x.length; i++) {
        lines.add(found.line(members.get(i)));
        x[i] = along(pca, 0, words, (members.get(i) - first) * WIDTH);
        y[i] = along(pca, 1, words, (members.get(i) - first) * WIDTH);
      }
      plot.points(tag.name().toLowerCase(Locale.ROOT), x, y);
    });
    Files.write(out.resolve("neighbours.txt"), lines);
    plot.write(out.resolve("vectors.png"));
  }

  private static double along(Pca pca, int component, float[] words, int from) {
    double sum = 0;
    for (int i = 0; i < WIDTH; i++) {
      sum += (words[from + i] - pca.mean()[i]) * pca.components()[component][i];
    }
    return sum;
  }

  /** The nearest words of the first words of the vocabulary, or of all. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int words = Corpus.VOCABULARY - Corpus.FIRST_WORD;
    int count = request.countOr(words);
    if (count > words) {
      throw new RequestException("--count " + count + ": model '" + name() + "' knows " + words + " words");
    }
    String name = Checkpoint.describe(request.checkpoint()).model();
    for (WordVectors.Output output : WordVectors.Output.values()) {
      if (!checkpointName(output).equals(name)) {
        continue;
      }
      Step step = blueprint(output, BATCH, Corpus.VOCABULARY).inference();
      try (ModelState state = load(request, name, step); BoundStep nearest = BoundStep.bind(step, state)) {
        Neighbours found = Neighbours.of(nearest);
        for (int word = Corpus.FIRST_WORD; word < Corpus.FIRST_WORD + count; word++) {
          request.found(
              "prediction", found.line(word), "word", Grammar.vocabulary().word(word), "nearest",
              found.nearest(word).stream().map(Grammar.vocabulary()::word).toList());
        }
        return Map.of("same_category", found.sameCategory());
      }
    }
    throw new RequestException(request.checkpoint() + ": is of '" + name + "', which '" + name() + "' does not have");
  }
}
