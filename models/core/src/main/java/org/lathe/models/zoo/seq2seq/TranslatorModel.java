package org.lathe.models.zoo.seq2seq;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.Checkpoint;
import org.lathe.models.train.CheckpointException;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RequestException;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DataSource;
import org.lathe.models.zoo.parts.GivenSentences;

/**
 * What all translators of the grammar have in common: data in buckets, training, translation by a compiled beam search,
 * the share of exact translations, and what is shown of it.
 */
abstract class TranslatorModel extends ZooModel {
  static final int TEST = 1000;
  private static final int SHOWN = 20;
  private static final int RUN = 10;

  TranslatorModel(Card card) {
    super(card);
  }

  /**
   * One of the models that a row trains.
   *
   * @param name of its directory and, after the row's, of its checkpoints; empty for the only one
   */
  record Part(String name, Course course) {}

  /** The first is the one that the blueprint has. */
  abstract List<Part> parts();

  abstract Lessons.Length length();

  private Course course() {
    return parts().getFirst().course();
  }

  private String checkpointName(Part part) {
    return part.name().isEmpty() ? name() : name() + "/" + part.name();
  }

  @Override
  public String checkpointName() {
    return checkpointName(parts().getFirst());
  }

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
    for (Part part : parts()) {
      Course course = part.course();
      for (Bitext.Bucket b : course.buckets()) {
        all.add(course.training(Course.BATCH, b));
        all.add(course.translation(Course.BATCH, b, 1));
        all.add(course.translation(Course.BATCH, b, Course.BEAM));
        if (course.attends()) {
          all.add(course.looking(b));
        }
      }
    }
    return all;
  }

  /**
   * What a part reached on held-out sentences.
   *
   * @param greedy share of exact translations
   * @param exact the same by beam search
   * @param value what the row is judged by
   */
  record Reached(Part part, double greedy, double exact, double value, TrainResult result) {}

  /** What the row is judged by: {@code exact}, unless it is tested with other sentences. */
  double value(Course course, ModelState state, TrainRequest request, double exact) {
    return exact;
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    List<Part> parts = parts();
    Path resume = request.resume();
    if (resume != null && parts.size() > 1 && !Files.exists(resume.resolve(parts.getFirst().name()))) {
      throw new CheckpointException(
          resume, "holds no directory " + parts.getFirst().name() + "/ with a checkpoint to resume from");
    }
    List<Reached> all = new ArrayList<>();
    for (Part part : parts) {
      all.add(train(part, part.name().isEmpty() ? request : request.part(part.name())));
    }
    return judge(all, seconds(all));
  }

  private static double seconds(List<Reached> all) {
    return all.stream().mapToDouble(r -> r.result().seconds()).sum();
  }

  /** Judges all parts together: by the worst one. */
  TrainResult judge(List<Reached> all, double seconds) {
    Reached worst = worst(all);
    return card().result(worst.value(), seconds, worst.result().checkpoint());
  }

  static Reached worst(List<Reached> all) {
    return Collections.min(all, Comparator.comparingDouble(Reached::value));
  }

  private Reached train(Part part, TrainRequest request) throws IOException {
    Course course = part.course();
    return Lessons.teach(course, checkpointName(part), length(), request, (state, outcome) -> {
      List<Grammar.Sentence> test = Grammar.compounds(TEST, 1, course.parts(), request.seed() + 2);
      double greedy = exact(course, state, test, 1);
      double exact = exact(course, state, test, Course.BEAM);
      request.listener().note(
          String.format(
              Locale.ROOT, "%s: exact translations of %d held-out sentences: greedy %.4f, by a beam of %d %.4f",
              checkpointName(part), TEST, greedy, Course.BEAM, exact));
      Showing.show(request, course, state, test.subList(0, SHOWN));
      double value = value(course, state, request, exact);
      return new Reached(part, greedy, exact, value, card().result(exact, outcome.seconds(), outcome.checkpoint()));
    });
  }

  /** The share of exact translations. */
  static double exact(Course course, ModelState state, List<Grammar.Sentence> test, int beam) {
    try (Interpreter interpreter = new Interpreter(course, state, course.allBuckets(), beam)) {
      return interpreter.exact(test);
    }
  }

  /** Translates sentences of {@code --data text:FILE} or {@code sentence:WORDS}, or held-out ones of the grammar. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    String name = Checkpoint.describe(request.checkpoint()).model();
    Course course = parts().stream().filter(p -> checkpointName(p).equals(name)).findFirst()
        .orElseThrow(() -> new RequestException(request.checkpoint() + ": is of '" + name + "', model '" + name()
            + "' has " + parts().stream().map(this::checkpointName).toList()))
        .course();
    List<Grammar.Sentence> made = Grammar.compounds(request.countOr(RUN), 1, course.parts(), request.seed() + 3);
    String data = request.data();
    List<List<Integer>> sources = data == null
        ? made.stream().map(Grammar.Sentence::words).toList()
        : GivenSentences.read(name(), "sentence", data, Grammar.vocabulary(), Grammar.mostWords(2 * course.parts()));
    if (data != null) {
      request.refuseCount(name(), "the sentences of --data");
    }
    try (ModelState state = load(request, name, course.blueprint(1).inference());
        Interpreter beam = new Interpreter(course, state, course.allBuckets(), Course.BEAM)) {
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
        request.found("prediction", source + " -> " + found + (exact ? "" : ", expected " + truth), "index", i,
            "source",
            source, "translation", found, "expected", truth, "score", said.get(i).score());
      }
      int longest = Showing.longest(sources);
      Path file = request.out().resolve("attention.png");
      Files.createDirectories(request.out());
      if (Showing.attention(course, state, sources.get(longest), said.get(longest).words(), file)) {
        request.found("picture", "attention of translation " + longest + ": " + file, "file", file.toString());
      }
      return data == null ? Map.of("exact", (double) right / said.size()) : Map.of();
    }
  }
}
