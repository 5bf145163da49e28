package org.lathe.models.zoo.parts;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.Field;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.model.RunRequest;

/** The grammar's sentences as data of language models: each word is predicted from those before it. */
public final class Sentences {
  /** Predicted tokens of the longest sentence, its end included. */
  public static final int STEPS = Grammar.MOST_WORDS + 1;

  public static final int VOCABULARY = Grammar.vocabulary().size();

  private Sentences() {}

  /**
   * Columns: {@code x} i32 [steps] the words seen, {@code y} i32 [steps] the words to come, {@code mask} f32 [steps] 1 where
   * there is one, {@code length} i32 [] how many there are.
   */
  public static Dataset dataset(int count, long seed) {
    int[] x = new int[count * STEPS];
    int[] y = new int[count * STEPS];
    float[] mask = new float[count * STEPS];
    int[] lengths = new int[count];
    int i = 0;
    for (Grammar.Sentence s : Grammar.sentences(count, seed)) {
      int at = i * STEPS;
      int length = s.words().size();
      lengths[i++] = length + 1;
      for (int t = 0; t <= length; t++) {
        x[at + t] = t == 0 ? Grammar.BEGIN : s.words().get(t - 1);
        y[at + t] = t == length ? Grammar.END : s.words().get(t);
        mask[at + t] = 1;
      }
    }
    Dims steps = Dims.of(STEPS);
    return new Dataset(
        "grammar",
        List.of(new Column.Ints("x", steps, x), new Column.Ints("y", steps, y),
            new Column.Floats("mask", steps, mask), new Column.Ints("length", Dims.of(), lengths)));
  }

  public static List<Field> fields(long batch) {
    return fields(batch, STEPS);
  }

  /** For sentences cut to this many steps. */
  public static List<Field> fields(long batch, long steps) {
    return List.of(Field.ints("x", batch, steps), Field.ints("y", batch, steps), Field.floats("mask", batch, steps));
  }

  /** The mean cross-entropy of a predicted token; logits [batch, steps, vocabulary]. */
  public static Tensor loss(StepContext c, Tensor logits) {
    return nats(c, logits).sum().div(c.input("mask").sum());
  }

  /** Reports of each example: {@code nats} of all its tokens, {@code tokens}, their number. */
  public static void report(StepContext c, Tensor logits) {
    c.report("nats", nats(c, logits).sum(1));
    c.report("tokens", c.input("mask").sum(1));
  }

  private static Tensor nats(StepContext c, Tensor logits) {
    return LossOps.softmaxCrossEntropy(logits, c.input("y")).mul(c.input("mask"));
  }

  /** The perplexity by {@link #report}'s means, over that of a perfect model: 1 is the best possible. */
  public static Map<String, Double> metrics(Map<String, Double> means) {
    double perplexity = Math.exp(means.getOrDefault("nats", Double.NaN) / means.getOrDefault("tokens", Double.NaN));
    return Map.of("perplexity_ratio", perplexity / Math.exp(Grammar.entropyPerToken()));
  }

  /** Logits of the next token of each of several sentences. */
  @FunctionalInterface
  public interface Predictor {
    /**
     * @param tokens [batch, steps], filled up to {@code step}
     * @return [batch, vocabulary]
     */
    float[] logits(int[] tokens, int step);
  }

  /** Draws sentences word by word from a model's own distribution. */
  public static List<String> sample(Predictor model, int batch, RandomGenerator random) {
    int[] tokens = new int[batch * STEPS];
    List<List<Integer>> sentences = new ArrayList<>();
    boolean[] ended = new boolean[batch];
    for (int b = 0; b < batch; b++) {
      tokens[b * STEPS] = Grammar.BEGIN;
      sentences.add(new ArrayList<>());
    }
    for (int t = 0; t < STEPS; t++) {
      float[] logits = model.logits(tokens, t);
      for (int b = 0; b < batch; b++) {
        int token = draw(logits, b * VOCABULARY, random);
        ended[b] |= token == Grammar.END;
        if (!ended[b]) {
          sentences.get(b).add(token);
        }
        if (t + 1 < STEPS) {
          tokens[b * STEPS + t + 1] = token;
        }
      }
    }
    return sentences.stream().map(Grammar.vocabulary()::text).toList();
  }

  /** Gives drawn sentences to whoever asked for them. */
  public static void show(List<String> sentences, RunRequest request) {
    for (int i = 0; i < sentences.size(); i++) {
      request.found("sample", sentences.get(i), "index", i, "text", sentences.get(i));
    }
  }

  private static int draw(float[] logits, int from, RandomGenerator random) {
    double max = Double.NEGATIVE_INFINITY;
    for (int v = 0; v < VOCABULARY; v++) {
      max = Math.max(max, logits[from + v]);
    }
    double sum = 0;
    for (int v = 0; v < VOCABULARY; v++) {
      sum += Math.exp(logits[from + v] - max);
    }
    double left = random.nextDouble() * sum;
    for (int v = 0; v < VOCABULARY; v++) {
      left -= Math.exp(logits[from + v] - max);
      if (left < 0) {
        return v;
      }
    }
    return Grammar.END;
  }
}
