package org.lathe.models.zoo.seq2seq;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Buckets;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.GivenSentences;
import org.lathe.models.zoo.parts.WeightMap;

/**
 * What all translators of the grammar have in common: data in buckets, training, translation by a compiled beam search,
 * the share of exact translations, and what is shown of it.
 */
abstract class TranslatorModel extends ZooModel {
  static final int TEST = 1000;
  private static final int VALIDATION = 256;
  private static final int SHOWN = 20;
  private static final int RUN = 10;

  TranslatorModel(Card card) {
    super(card);
  }

  /** What {@link #train} teaches, and the course of its checkpoints. */
  abstract Course course();

  /** The course of a checkpoint of this name. */
  Course course(String checkpoint) {
    return course();
  }

  /**
   * How long a course is.
   *
   * @param sentences in its training set
   * @param epochs at most
   * @param goal exact translations of held-out sentences at which it ends
   */
  record Length(int sentences, int epochs, double goal) {}

  abstract Length length();

  @Override
  public Blueprint blueprint(long batch) {
    return course().blueprint(batch);
  }

  @Override
  public long batch() {
    return Course.BATCH;
  }

  @Override
  public Values values() {
    return Values.random(Bitext.VOCABULARY);
  }

  @Override
  public List<Step> runSteps() {
    List<Step> all = new ArrayList<>();
    for (Bitext.Bucket b : course().buckets()) {
      all.add(course().training(Course.BATCH, b));
      all.add(course().translation(Course.BATCH, b, 1));
      all.add(course().translation(Course.BATCH, b, Course.BEAM));
    }
    return all;
  }

  /** What is done with a model after its training. */
  interface Taught<T> {
    T apply(ModelState state, Trainer.Outcome outcome) throws IOException;
  }

  /** Trains a course's model and hands it on; its state ends with the call. */
  static <T> T teach(Course course, String name, Length length, TrainRequest request, Taught<T> then)
      throws IOException {
    List<Bitext.Bucket> buckets = course.buckets();
    try (ModelState state = new ModelState(request.lathe(), request.seed())) {
      List<BoundStep> steps = new ArrayList<>();
      try (Interpreter greedy = new Interpreter(course, state, buckets, 1)) {
        List<Buckets.Bucket> batches = new ArrayList<>();
        List<Grammar.Sentence> all = Grammar.compounds(length.sentences(), 1, course.parts(), request.seed());
        for (Bitext.Bucket bucket : buckets) {
          BoundStep step = BoundStep.bind(course.training(Course.BATCH, bucket), state);
          steps.add(step);
          List<Grammar.Sentence> held = all.stream()
              .filter(s -> Bitext.bucketOf(buckets, s.words().size()).equals(bucket)).toList();
          batches.add(new Buckets.Bucket(step, new Batches(Bitext.dataset(held, bucket), step, request.seed())));
        }
        List<Grammar.Sentence> held = Grammar.compounds(VALIDATION, 1, course.parts(), request.seed() + 1);
        Trainer.Outcome outcome = Trainer.train(
            state,
            new Buckets(batches, request.seed(), () -> Map.of("exact", greedy.exact(held))),
            request.options(name, length.epochs()).withStopping(
                EarlyStopping.of("exact", Direction.HIGHER, length.epochs()).withGoal(length.goal())));
        return then.apply(state, outcome);
      } finally {
        steps.forEach(BoundStep::close);
      }
    }
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    return teach(course(), name(), length(), request, (state, outcome) -> {
      List<Grammar.Sentence> test = Grammar.compounds(TEST, 1, course().parts(), request.seed() + 2);
      double greedy = exact(course(), state, test, 1);
      double exact = exact(course(), state, test, Course.BEAM);
      request.listener().note(
          String.format(
              Locale.ROOT, "exact translations of %d held-out sentences: greedy %.4f, by a beam of %d %.4f", TEST, greedy,
              Course.BEAM, exact));
      show(request, course(), state, test.subList(0, SHOWN));
      TrainResult result = card().result(exact, outcome.seconds(), outcome.checkpoint());
      return exact >= greedy
          ? result
          : new TrainResult("beam_less_greedy", exact - greedy, 0, false, result.seconds(), result.checkpoint());
    });
  }

  static double exact(Course course, ModelState state, List<Grammar.Sentence> test, int beam) {
    try (Interpreter interpreter = new Interpreter(course, state, Bitext.buckets(2 * course.parts()), beam)) {
      return interpreter.exact(test);
    }
  }

  /** Writes translations with the truth, and where the model has one an attention map. */
  static void show(TrainRequest request, Course course, ModelState state, List<Grammar.Sentence> sentences)
      throws IOException {
    try (Interpreter beam = new Interpreter(course, state, Bitext.buckets(2 * course.parts()), Course.BEAM)) {
      List<Interpreter.Said> said = beam.translate(sentences.stream().map(Grammar.Sentence::words).toList());
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < said.size(); i++) {
        lines.add("source: " + Grammar.vocabulary().text(sentences.get(i).words()));
        lines.add("found:  " + Grammar.foreignVocabulary().text(said.get(i).words()));
        lines.add("truth:  " + Grammar.foreignVocabulary().text(sentences.get(i).translation()));
        lines.add("");
      }
      Files.createDirectories(request.out());
      Files.write(request.out().resolve("translations.txt"), lines);
      request.listener().note("a translation: " + lines.get(0) + " | " + lines.get(1) + " | " + lines.get(2));
      int longest = longest(sentences.stream().map(Grammar.Sentence::words).toList());
      attention(
          course, state, sentences.get(longest).words(), said.get(longest).words(),
          request.out().resolve("attention.png"));
    }
  }

  private static int longest(List<List<Integer>> sentences) {
    int longest = 0;
    for (int i = 1; i < sentences.size(); i++) {
      longest = sentences.get(i).size() > sentences.get(longest).size() ? i : longest;
    }
    return longest;
  }

  /** Writes where a translation looked; whether the model has an attention to show. */
  private static boolean attention(
      Course course, ModelState state, List<Integer> source, List<Integer> said, Path file) throws IOException {
    if (!course.attends()) {
      return false;
    }
    Bitext.Bucket bucket = Bitext.bucketOf(Bitext.buckets(2 * course.parts()), source.size());
    try (BoundStep look = BoundStep.bind(course.looking(bucket), state)) {
      int[] x = new int[bucket.from()];
      Bitext.fill(x, 0, source);
      int[] z = new int[bucket.to()];
      z[0] = Grammar.BEGIN;
      Bitext.fill(z, 1, said);
      look.input("x").write(x);
      look.input("z").write(z);
      look.run();
      List<String> rows = new ArrayList<>();
      said.forEach(w -> rows.add(Grammar.foreignVocabulary().word(w)));
      if (rows.size() < bucket.to()) {
        rows.add(Grammar.foreignVocabulary().word(Grammar.END));
      }
      WeightMap.write(
          file, rows, source.stream().map(Grammar.vocabulary()::word).toList(),
          look.report("attention").toFloats(), bucket.from());
    }
    return true;
  }

  /** Translates sentences of {@code --data text:FILE} or {@code sentence:WORDS}, or held-out ones of the grammar. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    String name = Checkpoint.describe(request.checkpoint()).model();
    Course course = course(name);
    List<Grammar.Sentence> made = Grammar.compounds(request.countOr(RUN), 1, course.parts(), request.seed() + 3);
    String data = request.data();
    List<List<Integer>> sources = data == null
        ? made.stream().map(Grammar.Sentence::words).toList()
        : GivenSentences.read(name(), data, Grammar.vocabulary(), Grammar.mostWords(2 * course.parts()));
    if (data != null) {
      request.refuseCount(name(), "the sentences of --data");
    }
    try (ModelState state = load(request, name, course.blueprint(1).inference());
        Interpreter beam = new Interpreter(course, state, Bitext.buckets(2 * course.parts()), Course.BEAM)) {
      List<Interpreter.Said> said = beam.translate(sources);
      int right = 0;
      for (int i = 0; i < said.size(); i++) {
        String source = Grammar.vocabulary().text(sources.get(i));
        String found = Grammar.foreignVocabulary().text(said.get(i).words());
        if (data != null) {
          request.found("prediction", source + " -> " + found, "index", i, "source", source, "translation", found,
              "score", said.get(i).score());
          continue;
        }
        String truth = Grammar.foreignVocabulary().text(made.get(i).translation());
        boolean exact = truth.equals(found);
        right += exact ? 1 : 0;
        request.found("prediction", source + " -> " + found + (exact ? "" : ", expected " + truth), "index", i, "source",
            source, "translation", found, "expected", truth, "score", said.get(i).score());
      }
      int longest = longest(sources);
      Path file = request.out().resolve("attention.png");
      Files.createDirectories(request.out());
      if (attention(course, state, sources.get(longest), said.get(longest).words(), file)) {
        request.found("picture", "attention of translation " + longest + ": " + file, "file", file.toString());
      }
      return data == null ? Map.of("exact", (double) right / said.size()) : Map.of();
    }
  }
}
