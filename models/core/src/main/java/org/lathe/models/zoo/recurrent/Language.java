package org.lathe.models.zoo.recurrent;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.RecurrentLanguageModel;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Buckets;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Group;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.train.Trainer;
import org.lathe.models.train.TrainingTask;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.Sentences;

/**
 * Two stacked recurrent layers as a language model of the grammar, in two ways. Stateless, on sentences: each begins from
 * zero, sentences of like length share a batch, padding is masked. Stateful, on an endless text: the states go on from one
 * piece of 16 tokens to the next, and the gradient ends where a piece begins (truncated backpropagation through time).
 */
record Language(String checkpoint, Cell cell, long width) {
  static final long BATCH = 64;
  private static final int LAYERS = 2;
  private static final int[] BUCKETS = {4, 6, Sentences.STEPS};
  private static final int SENTENCES = 20_000;
  private static final int EPOCHS = 2;
  private static final int STREAMS = 32;
  static final int PIECE = 16;
  private static final int PIECES = 200;
  private static final int STREAM_EPOCHS = 2;
  private static final int HELD_STEPS = 128;
  private static final int SAMPLES = 20;

  private RecurrentLanguageModel stateless() {
    return RecurrentLanguageModel.of(cell, Sentences.VOCABULARY, width, width, LAYERS);
  }

  /** [batch, steps, vocabulary]. */
  private static Tensor logits(RecurrentLanguageModel model, StepContext c) {
    return model.apply(c.input("x").transpose()).permute(1, 0, 2);
  }

  private Step training(String name, RecurrentLanguageModel model, long batch, long steps) {
    return Step.training(
        name,
        model,
        Sentences.fields(batch, steps),
        c -> {
          Tensor loss = Sentences.loss(c, logits(model, c));
          Adam adam = new Adam(Schedule.exponential(5e-3, 0.5, 500));
          c.minimize(loss, Group.of(model, adam).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
  }

  private Step predicting(long batch, long steps) {
    RecurrentLanguageModel model = stateless();
    return Step.inference(
        "predict", model, Sentences.fields(batch, steps), c -> Sentences.report(c, logits(model, c)));
  }

  Blueprint blueprint(long batch) {
    return new Blueprint(
        List.of(training("train", stateless(), batch, Sentences.STEPS)), predicting(batch, Sentences.STEPS));
  }

  /** The step of the stateful training. */
  Step stateful(long batch, long steps) {
    return training(
        "stream", RecurrentLanguageModel.stateful(cell, Sentences.VOCABULARY, width, width, LAYERS, batch), batch,
        steps);
  }

  /** All that both trainings compile. */
  List<Step> steps() {
    List<Step> all = new ArrayList<>();
    for (int length : BUCKETS) {
      all.add(training("train", stateless(), BATCH, length));
    }
    all.addAll(
        List.of(
            predicting(BATCH, Sentences.STEPS), sampling(SAMPLES), stateful(STREAMS, PIECE),
            predicting(STREAMS, HELD_STEPS)));
    return all;
  }

  TrainResult trainOnSentences(TrainRequest request, Card card) throws IOException {
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep predict = BoundStep.bind(predicting(BATCH, Sentences.STEPS), state);
        Buckets buckets = Buckets.bind(
            Arrays.stream(BUCKETS).mapToObj(length -> training("train", stateless(), BATCH, length)).toList(),
            Buckets.split(Sentences.dataset(SENTENCES, request.seed()), "length", BUCKETS),
            state,
            request.seed(),
            validation(predict, Sentences.dataset(1000, request.seed() + 1)))) {
      Trainer.Outcome outcome = Trainer.train(
          state,
          buckets,
          request.options(checkpoint, EPOCHS)
              .withStopping(EarlyStopping.of("perplexity_ratio", Direction.LOWER, EPOCHS)));
      List<String> sentences = sample(state, SAMPLES, request.seed());
      Files.write(request.out().resolve("samples.txt"), sentences);
      request.listener().note("a sentence drawn from the model: " + sentences.getFirst());
      return card.result(
          ratio(predict, Sentences.dataset(4000, request.seed() + 2)), outcome.seconds(), outcome.checkpoint());
    }
  }

  private static Supplier<Map<String, Double>> validation(BoundStep predict, Dataset data) {
    Evaluation evaluation = new Evaluation(predict, data);
    return () -> Sentences.metrics(evaluation.run());
  }

  private static double ratio(BoundStep predict, Dataset data) {
    return Sentences.metrics(new Evaluation(predict, data).run()).getOrDefault("perplexity_ratio", Double.NaN);
  }

  TrainResult trainOnStream(TrainRequest request, String name, Card card) throws IOException {
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(stateful(STREAMS, PIECE), state);
        BoundStep predict = BoundStep.bind(predicting(STREAMS, HELD_STEPS), state)) {
      Supplier<Map<String, Double>> validation = validation(predict, text(STREAMS, 1, HELD_STEPS, request.seed() + 1));
      Batches pieces = new Batches(text(STREAMS, PIECES, PIECE, request.seed()), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(
          state,
          new Pieces(step, pieces, validation),
          request.options(name, STREAM_EPOCHS)
              .withStopping(EarlyStopping.of("perplexity_ratio", Direction.LOWER, STREAM_EPOCHS)));
      return card.result(
          ratio(predict, text(4 * STREAMS, 1, HELD_STEPS, request.seed() + 2)), outcome.seconds(),
          outcome.checkpoint());
    }
  }

  /** The pieces of several texts in their order: an epoch is one reading of them all. */
  private record Pieces(BoundStep step, Batches pieces, Supplier<Map<String, Double>> validation)
      implements
        TrainingTask {
    @Override
    public int iterationsPerEpoch() {
      return pieces.count();
    }

    @Override
    public void beginEpoch(int epoch) {}

    @Override
    public double iterate(int epoch, int index) {
      pieces.fillInOrder(index * pieces.batchSize());
      step.run();
      return step.value("loss");
    }

    @Override
    public Map<String, Double> evaluate(int epoch) {
      return validation.get();
    }
  }

  /**
   * Texts of sentences one after the other, each followed by its end: example {@code piece * streams + s} is that piece of
   * text {@code s}. Columns as in {@link Sentences}; nothing is padding.
   */
  static Dataset text(int streams, int pieces, int steps, long seed) {
    int length = pieces * steps;
    int[] x = new int[streams * length];
    int[] y = new int[streams * length];
    float[] mask = new float[streams * length];
    Arrays.fill(mask, 1);
    for (int s = 0; s < streams; s++) {
      int[] tokens = tokens(length, seed * 1_000_003 + s);
      for (int t = 0; t < length; t++) {
        int at = (t / steps * streams + s) * steps + t % steps;
        x[at] = t == 0 ? Grammar.END : tokens[t - 1];
        y[at] = tokens[t];
      }
    }
    Dims shape = Dims.of(steps);
    return new Dataset(
        "a text of the grammar",
        List.of(new Column.Ints("x", shape, x), new Column.Ints("y", shape, y),
            new Column.Floats("mask", shape, mask)));
  }

  private static int[] tokens(int length, long seed) {
    // No sentence is shorter than two words and its end.
    List<Integer> all = new ArrayList<>();
    for (Grammar.Sentence s : Grammar.sentences(length / 3 + 1, seed)) {
      all.addAll(s.words());
      all.add(Grammar.END);
    }
    return all.stream().limit(length).mapToInt(Integer::intValue).toArray();
  }

  /** Tokens [count, steps] to logits [steps, count, vocabulary]. */
  Step sampling(int count) {
    RecurrentLanguageModel model = stateless();
    return Step.inference(
        "sample",
        model,
        List.of(Sentences.fields(count).getFirst()),
        c -> c.report("logits", model.apply(c.input("x").transpose())));
  }

  /** Draws sentences by feeding the model its own words. */
  List<String> sample(ModelState state, int count, long seed) {
    try (BoundStep bound = BoundStep.bind(sampling(count), state)) {
      int row = count * Sentences.VOCABULARY;
      return Sentences.sample(
          (tokens, t) -> {
            bound.input("x").write(tokens);
            bound.run();
            return Arrays.copyOfRange(bound.report("logits").toFloats(), t * row, (t + 1) * row);
          },
          count,
          new SplittableRandom(seed));
    }
  }
}
