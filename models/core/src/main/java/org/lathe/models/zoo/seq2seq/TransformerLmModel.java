package org.lathe.models.zoo.seq2seq;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.bench.StepWorkload.Values;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.nets.TransformerLanguageModel;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Clipping;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Batches;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.EarlyStopping;
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
import org.lathe.models.zoo.parts.Sentences;

/**
 * A decoder-only Transformer as a language model: tokens [batch, steps] to logits [batch, steps, vocabulary], AdamW with
 * warm-up and a cosine. See {@link TransformerLanguageModel}.
 *
 * <p>Sentences are drawn from it with cached keys and values, one token at a time; it passes only if those logits equal the
 * ones of the whole sequence.
 */
public final class TransformerLmModel extends ZooModel {
  private static final TransformerLanguageModel.Options FULL = new TransformerLanguageModel.Options(
      Sentences.VOCABULARY, 64, 4, 256, 2, Sentences.STEPS, 0);
  private static final TransformerLanguageModel.Options SMALL = new TransformerLanguageModel.Options(
      Sentences.VOCABULARY, 6, 2, 10, 2, Sentences.STEPS, 0);
  private static final long BATCH = 64;
  private static final int TRAIN = 20_000;
  private static final int EPOCHS = 3;
  private static final int SAMPLES = 20;
  private static final int SHOWN = 10;
  /** The largest difference of cached and uncached logits, whose own size is about 10. */
  private static final double CACHE_TOLERANCE = 1e-3;

  TransformerLmModel() {
    super(
        new Card(
            "transformer-lm",
            SequenceToSequence.FAMILY,
            "Vaswani et al. 2017; Radford et al. 2018",
            "perplexity_ratio",
            Direction.LOWER,
            1.1,
            "grammar"));
  }

  private static Blueprint blueprint(TransformerLanguageModel.Options options, long batch) {
    TransformerLanguageModel model = new TransformerLanguageModel(options);
    Schedule rate = Schedule.cosine(3e-3, 1e-4, EPOCHS * TRAIN / BATCH).warmedUp(100);
    Step training = Step.training(
        "train",
        model,
        Sentences.fields(batch),
        c -> {
          Tensor loss = Sentences.loss(c, model.apply(c.input("x")));
          c.minimize(
              loss, Group.of(model, new Adam(rate).withWeightDecay(0.01)).clipped(Clipping.byGlobalNorm(1)));
          c.report("loss", loss);
        });
    Step inference = Step.inference("predict", model, Sentences.fields(batch),
        c -> Sentences.report(c, model.apply(c.input("x"))));
    return new Blueprint(List.of(training), inference);
  }

  private static Step decoding(TransformerLanguageModel.Options options, long batch) {
    TransformerLanguageModel model = TransformerLanguageModel.decoder(options, batch);
    return Step.inference(
        "decode",
        model,
        List.of(Field.ints("token", batch, 1), Field.ints("position")),
        c -> c.report("logits", model.decode(c.input("token"), c.input("position"))));
  }

  @Override
  public Blueprint blueprint(long batch) {
    return blueprint(FULL, batch);
  }

  @Override
  public Blueprint checkBlueprint() {
    return blueprint(SMALL, 3);
  }

  @Override
  public long batch() {
    return BATCH;
  }

  @Override
  public Values values() {
    return Values.uniform(Sentences.VOCABULARY, r -> 0.5 + r.nextDouble());
  }

  @Override
  public TrainResult train(TrainRequest request) throws IOException {
    DataSource.none(name(), request.data());
    Blueprint plan = blueprint(BATCH);
    try (ModelState state = new ModelState(request.lathe(), request.seed());
        BoundStep step = BoundStep.bind(plan.training().getFirst(), state);
        BoundStep predict = BoundStep.bind(plan.inference(), state)) {
      Evaluation validation = new Evaluation(predict, Sentences.dataset(1000, request.seed() + 1));
      Batches batches = new Batches(Sentences.dataset(TRAIN, request.seed()), step, request.seed());
      Trainer.Outcome outcome = Trainer.train(
          state,
          TrainingTask.over(step, batches, () -> Sentences.metrics(validation.run())),
          request.options(name(), EPOCHS)
              .withStopping(EarlyStopping.of("perplexity_ratio", Direction.LOWER, EPOCHS)));
      double ratio = Sentences.metrics(new Evaluation(predict, Sentences.dataset(4000, request.seed() + 2)).run())
          .getOrDefault("perplexity_ratio", Double.NaN);
      double difference = decode(request, state);
      TrainResult result = card().result(ratio, outcome.seconds(), outcome.checkpoint());
      return difference <= CACHE_TOLERANCE
          ? result
          : new TrainResult(
              "cache_difference", difference, CACHE_TOLERANCE, false, result.seconds(), result.checkpoint());
    }
  }

  private static Step whole() {
    TransformerLanguageModel model = new TransformerLanguageModel(FULL);
    return Step.inference(
        "whole",
        model,
        List.of(Field.ints("x", SAMPLES, Sentences.STEPS)),
        c -> c.report("logits", model.apply(c.input("x"))));
  }

  @Override
  public List<Step> runSteps() {
    return List.of(decoding(FULL, SAMPLES), whole(), decoding(FULL, SHOWN));
  }

  /** Draws sentences with the cache, and gives the largest difference from the logits of whole sequences. */
  private static double decode(TrainRequest request, ModelState state) throws IOException {
    try (BoundStep cached = BoundStep.bind(decoding(FULL, SAMPLES), state);
        BoundStep uncached = BoundStep.bind(whole(), state)) {
      double largest = difference(cached, uncached, request.seed());
      List<String> sentences = sample(cached, SAMPLES, request.seed());
      Files.write(request.out().resolve("samples.txt"), sentences);
      request.listener().note("a sentence drawn from the model: " + sentences.getFirst());
      request.listener().note(String.format(Locale.ROOT, "cached and uncached logits differ by at most %.2g", largest));
      return largest;
    }
  }

  /** Draws sentences with cached keys and values. */
  private static List<String> sample(BoundStep cached, int count, long seed) {
    return Sentences.sample((tokens, t) -> step(cached, tokens, t), count, new SplittableRandom(seed));
  }

  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    DataSource.none(name(), request.data());
    int count = request.countOr(SHOWN);
    // The cache is state too, but in no checkpoint: the parameters are read before it is added.
    try (ModelState state = load(request, name(), blueprint(1).inference());
        BoundStep cached = BoundStep.bind(decoding(FULL, count), state)) {
      Sentences.show(sample(cached, count, request.seed()), request);
    }
    return Map.of();
  }

  private static float[] step(BoundStep cached, int[] tokens, int t) {
    int[] now = new int[tokens.length / Sentences.STEPS];
    Arrays.setAll(now, b -> tokens[b * Sentences.STEPS + t]);
    cached.input("token").write(now);
    cached.input("position").write(new int[]{t});
    cached.run();
    return cached.report("logits").toFloats();
  }

  private static double difference(BoundStep cached, BoundStep uncached, long seed) {
    Dataset data = Sentences.dataset(SAMPLES, seed + 3);
    int[] tokens = ((Column.Ints) data.column("x")).data();
    uncached.input("x").write(tokens);
    uncached.run();
    float[] expected = uncached.report("logits").toFloats();
    double largest = 0;
    for (int t = 0; t < Sentences.STEPS; t++) {
      float[] found = step(cached, tokens, t);
      for (int b = 0; b < SAMPLES; b++) {
        for (int v = 0; v < Sentences.VOCABULARY; v++) {
          double e = expected[(b * Sentences.STEPS + t) * Sentences.VOCABULARY + v];
          largest = Math.max(largest, Math.abs(e - found[b * Sentences.VOCABULARY + v]));
        }
      }
    }
    return largest;
  }
}
