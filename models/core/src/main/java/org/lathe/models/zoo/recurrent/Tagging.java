package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Sequences;
import org.lathe.models.data.TaggedSentences;
import org.lathe.models.nets.SequenceTagger;
import org.lathe.models.nn.Losses;
import org.lathe.models.nn.SequenceLayer;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Buckets;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;

/**
 * A class for each step of a sequence, as a part of several rows: tokens [batch, steps] to logits [batch, steps, classes],
 * cross-entropy.
 *
 * @param checkpoint what its checkpoints are called
 * @param rule the learning rule where the net cuts its gradient, else null
 */
record Tagging(
    String checkpoint, Task task, Supplier<SequenceTagger> make, double rate, int epochs, @Nullable String rule) {
  static final long BATCH = 64;
  private static final int TEST = 2000;
  private static final int VALIDATION = 512;
  private static final int SHOWN = 12;
  private static final int[] BUCKETS = {4, 6, 9, TaggedSentences.STEPS};

  /** What is learned. */
  enum Task {
    /** The next symbol of a periodic sequence, where the symbols so far tell it. */
    NEXT_SYMBOL(Sequences.PERIODIC_SYMBOLS, Sequences.PERIODIC_SYMBOLS, 24, "y", "mask", "next_symbol_accuracy") {
      @Override
      Dataset data(int count, long seed) {
        return Sequences.periodic(count, steps, seed);
      }

      @Override
      String text(int token) {
        return letter(token);
      }

      @Override
      String answer(int label) {
        return letter(label);
      }

      private static String letter(int symbol) {
        return String.valueOf((char) ('a' + symbol));
      }
    },
    /** Tags that the words so far settle. */
    TAGS(
        TaggedSentences.vocabulary().size(), TaggedSentences.TAGS, TaggedSentences.STEPS, "tag", "length", "accuracy") {
      @Override
      Dataset data(int count, long seed) {
        return TaggedSentences.of(count, seed);
      }
    },
    /** Tags of which some are settled by later words, measured on these. */
    LATER_TAGS(
        TaggedSentences.vocabulary().size(), TaggedSentences.TAGS, TaggedSentences.STEPS, "tag", "length",
        "accuracy_of_later_cues") {
      @Override
      Dataset data(int count, long seed) {
        return TaggedSentences.withLaterCues(count, seed);
      }
    };

    final int vocabulary;
    final int classes;
    final int steps;
    final String target;
    /** Which steps count: a mask f32 [steps], or the length i32. */
    private final String counted;
    final String metric;

    Task(int vocabulary, int classes, int steps, String target, String counted, String metric) {
      this.vocabulary = vocabulary;
      this.classes = classes;
      this.steps = steps;
      this.target = target;
      this.counted = counted;
      this.metric = metric;
    }

    abstract Dataset data(int count, long seed);

    String text(int token) {
      return TaggedSentences.vocabulary().word(token);
    }

    String answer(int label) {
      return TaggedSentences.Tag.values()[label].name().toLowerCase(Locale.ROOT);
    }

    boolean padded() {
      return counted.equals("length");
    }

    List<Field> fields(long batch, long length) {
      List<Field> all = new ArrayList<>(List.of(Field.ints("x", batch, length), Field.ints(target, batch, length)));
      all.add(padded() ? Field.ints("length", batch) : Field.floats(counted, batch, length));
      if (this == LATER_TAGS) {
        all.add(Field.floats("later", batch, length));
      }
      return all;
    }

    /** f32 [batch, steps]: 1 at the steps that count. */
    Tensor weights(StepContext c) {
      return padded()
          ? SequenceLayer.mask(c.input("length"), c.input("x").dim(1)).transpose().cast(DType.F32)
          : c.input(counted);
    }
  }

  private Tensor logits(SequenceTagger model, StepContext c) {
    return model.apply(c.input("x"), task.padded() ? c.input("length") : null);
  }

  private Step training(SequenceTagger model, long batch, long steps) {
    return new Step(
        "train." + task.metric,
        model,
        task.fields(batch, steps),
        true,
        rule,
        c -> {
          Tensor losses = LossOps.softmaxCrossEntropy(logits(model, c), c.input(task.target));
          Tensor loss = Losses.maskedMean(losses, task.weights(c));
          Adam adam = new Adam(Schedule.exponential(rate, 0.5, 400));
          c.minimize(loss, Group.of(model, adam).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
  }

  Blueprint blueprint(long batch, long steps) {
    SequenceTagger model = make.get();
    Step inference = Step.inference(
        "predict",
        model,
        task.fields(batch, steps),
        c -> {
          Tensor logits = logits(model, c);
          Tensor weights = task == Task.LATER_TAGS ? c.input("later") : task.weights(c);
          c.report("right", logits.argMax(2).equalTo(c.input(task.target)).cast(DType.F32).mul(weights).sum(1));
          c.report("counted", weights.sum(1));
        });
    return new Blueprint(List.of(training(model, batch, steps)), inference);
  }

  /** All that {@link #train}, and {@link #run} for as many as it likes, compile. */
  List<Step> steps() {
    List<Step> all = new ArrayList<>();
    for (int length : bounds()) {
      all.add(training(make.get(), BATCH, length));
    }
    all.addAll(List.of(blueprint(BATCH, task.steps).inference(), answering(SHOWN)));
    return all;
  }

  private int[] bounds() {
    return task.padded() ? BUCKETS : new int[]{task.steps};
  }

  private Step answering(long batch) {
    SequenceTagger model = make.get();
    return Step.inference(
        "run", model, task.fields(batch, task.steps), c -> c.report("logits", logits(model, c)));
  }

  /** What came of it. */
  record Outcome(double accuracy, double seconds, @Nullable Path checkpoint) {}

  Outcome train(TrainRequest request, int examples) throws IOException {
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep predict = BoundStep.bind(blueprint(BATCH, task.steps).inference(), state);
        Buckets buckets = buckets(task.data(examples, request.seed()), state, predict, request.seed())) {
      Trainer.Outcome outcome = Trainer.train(
          state,
          buckets,
          request.options(checkpoint, epochs).withStopping(EarlyStopping.of(task.metric, Direction.HIGHER, epochs)));
      Dataset test = task.data(TEST, request.seed() + 2);
      try (BoundStep answer = BoundStep.bind(answering(SHOWN), state)) {
        write(request, answer, test);
      }
      return new Outcome(accuracy(new Evaluation(predict, test)), outcome.seconds(), outcome.checkpoint());
    }
  }

  private Buckets buckets(Dataset data, ModelState state, BoundStep predict, long seed) {
    Evaluation validation = new Evaluation(predict, task.data(VALIDATION, seed + 1));
    return Buckets.bind(
        Arrays.stream(bounds()).mapToObj(length -> training(make.get(), BATCH, length)).toList(),
        task.padded() ? Buckets.split(data, "length", bounds()) : List.of(data),
        state,
        seed,
        () -> Map.of(task.metric, accuracy(validation)));
  }

  private static double accuracy(Evaluation evaluation) {
    Map<String, Double> means = evaluation.run();
    return means.getOrDefault("right", Double.NaN) / means.getOrDefault("counted", Double.NaN);
  }

  /** Called with the words of an example, what is right and what was said, and where it counts. */
  @FunctionalInterface
  private interface Visitor {
    void at(int index, int[] tokens, int[] labels, int[] answers);
  }

  private void each(BoundStep answer, Dataset data, int count, Visitor visitor) {
    int[] x = ((Column.Ints) data.column("x")).data();
    int[] labels = ((Column.Ints) data.column(task.target)).data();
    Batches batches = new Batches(data, answer, 0);
    for (int first = 0; first < count; first += batches.batchSize()) {
      int valid = Math.min(count - first, batches.fillInOrder(first));
      answer.run();
      int[] answers = best(answer.report("logits").toFloats());
      for (int i = 0; i < valid; i++) {
        int from = (first + i) * task.steps;
        int length = task.padded() ? ((Column.Ints) data.column("length")).data()[first + i] : task.steps;
        visitor.at(
            first + i,
            Arrays.copyOfRange(x, from, from + length),
            Arrays.copyOfRange(labels, from, from + length),
            Arrays.copyOfRange(answers, i * task.steps, i * task.steps + length));
      }
    }
  }

  /** The most probable class of each step. */
  private int[] best(float[] logits) {
    int[] best = new int[logits.length / task.classes];
    for (int i = 0; i < best.length; i++) {
      for (int k = 1; k < task.classes; k++) {
        best[i] = logits[i * task.classes + k] > logits[i * task.classes + best[i]] ? k : best[i];
      }
    }
    return best;
  }

  /** One line for people: each token with its answer, and with what is right where that differs. */
  private String line(int[] tokens, int[] labels, int[] answers) {
    StringBuilder line = new StringBuilder();
    for (int t = 0; t < tokens.length; t++) {
      line.append(t == 0 ? "" : " ").append(task.text(tokens[t])).append('/').append(task.answer(answers[t]));
      if (answers[t] != labels[t]) {
        line.append("(not ").append(task.answer(labels[t])).append(')');
      }
    }
    return line.toString();
  }

  private void write(TrainRequest request, BoundStep answer, Dataset test) throws IOException {
    List<String> lines = new ArrayList<>();
    each(answer, test, SHOWN, (index, tokens, labels, answers) -> lines.add(line(tokens, labels, answers)));
    Files.write(request.out().resolve("answers.txt"), lines);
    request.listener().note(lines.getFirst());
  }

  /** Answers for sequences that no training has seen. */
  Map<String, Double> run(RunRequest request, AddingProblem.StateLoader loader) throws IOException {
    int count = request.countOr(SHOWN);
    Step step = answering(Math.min(count, BATCH));
    Dataset data = task.data(count, request.seed() + 3);
    int[] all = new int[2];
    try (ModelState state = loader.load(request, checkpoint, step);
        BoundStep answer = BoundStep.bind(step, state)) {
      each(
          answer,
          data,
          count,
          (index, tokens, labels, answers) -> {
            for (int t = 0; t < tokens.length; t++) {
              all[0] += answers[t] == labels[t] ? 1 : 0;
              all[1]++;
            }
            request.found(
                "prediction", line(tokens, labels, answers),
                "index", index,
                "tokens", Arrays.stream(tokens).mapToObj(task::text).toList(),
                "labels", Arrays.stream(labels).mapToObj(task::answer).toList(),
                "predicted", Arrays.stream(answers).mapToObj(task::answer).toList());
          });
    }
    return Map.of("accuracy", all[0] / (double) all[1]);
  }
}
