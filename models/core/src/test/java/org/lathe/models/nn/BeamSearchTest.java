package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;

/** On the device, against an enumeration of all sentences in float64. */
class BeamSearchTest {
  private static final int PAD = 0;
  private static final int BEGIN = 1;
  private static final int END = 2;
  private static final long SEED = System.nanoTime();

  private static Lathe lathe;

  @BeforeAll
  static void open() {
    lathe = Lathe.on("cpu");
  }

  @AfterAll
  static void close() {
    lathe.close();
  }

  /** A decoder with a memory: s' = tanh(s + table[token] + t / 4), logits = 6 s' W. */
  private record Machine(int width, int vocabulary, double[] table, double[] weights, double[] start, int batch) {
    static Machine random(int width, int vocabulary, int batch, SplittableRandom random) {
      return new Machine(
          width, vocabulary, values(random, vocabulary * width), values(random, width * vocabulary),
          values(random, batch * width), batch);
    }

    private static double[] values(SplittableRandom random, int n) {
      return random.doubles(n, -1, 1).map(x -> (float) x).toArray();
    }

    double[] next(double[] s, int token, int t) {
      double[] out = new double[width];
      for (int i = 0; i < width; i++) {
        out[i] = Math.tanh(s[i] + table[token * width + i] + t / 4.0);
      }
      return out;
    }

    double[] logProbabilities(double[] s) {
      double[] logits = new double[vocabulary];
      double sum = 0;
      for (int v = 0; v < vocabulary; v++) {
        for (int i = 0; i < width; i++) {
          logits[v] += 6 * s[i] * weights[i * vocabulary + v];
        }
        sum += Math.exp(logits[v]);
      }
      for (int v = 0; v < vocabulary; v++) {
        logits[v] -= Math.log(sum);
      }
      return logits;
    }
  }

  private record Sentence(List<Integer> words, double score) {}

  private static double penalty(int length, double power) {
    return Math.pow((5 + length) / 6.0, power);
  }

  /** All sentences that end within {@code steps}, best first. */
  private static List<Sentence> enumerate(Machine m, int b, int steps, double power) {
    List<Sentence> all = new ArrayList<>();
    double[] start = Arrays.copyOfRange(m.start(), b * m.width(), (b + 1) * m.width());
    grow(m, m.next(start, BEGIN, 0), List.of(), 0, steps, power, all);
    all.sort(Comparator.comparingDouble((Sentence s) -> -s.score()));
    return all;
  }

  private static void grow(
      Machine m, double[] s, List<Integer> words, double sum, int steps, double power, List<Sentence> all) {
    double[] p = m.logProbabilities(s);
    for (int v = 0; v < m.vocabulary(); v++) {
      if (v == PAD || v == BEGIN) {
        continue;
      }
      List<Integer> longer = new ArrayList<>(words);
      longer.add(v);
      if (v == END) {
        all.add(new Sentence(longer, (sum + p[v]) / penalty(longer.size(), power)));
      } else if (longer.size() < steps) {
        grow(m, m.next(s, v, longer.size()), longer, sum + p[v], steps, power, all);
      }
    }
  }

  private record Result(int[] tokens, float[] scores) {
    List<Integer> words(int hypothesis, int steps) {
      return Arrays.stream(tokens, hypothesis * steps, (hypothesis + 1) * steps).filter(t -> t != PAD).boxed().toList();
    }
  }

  private static Result search(Machine m, BeamSearch beam) {
    Module none = new Module() {};
    Field start = Field.floats("start", m.batch(), m.width());
    Field table = Field.floats("table", m.vocabulary(), m.width());
    Field weights = Field.floats("weights", m.width(), m.vocabulary());
    Step step = Step.inference("search", none, List.of(start, table, weights), c -> {
      BeamSearch.Found found = beam.search(
          m.batch(), List.of(beam.spread(c.input("start"))), c.input("start"), (state, token, position) -> {
            Tensor s = state.getFirst().add(c.input("table").gather(token))
                .add(position.cast(c.input("start").dtype()).div(4)).tanh();
            return new StepDecoder.Next(s.mul(6).matmul(c.input("weights")), List.of(s));
          });
      c.report("tokens", found.tokens());
      c.report("scores", found.scores());
    });
    try (ModelState state = new ModelState(lathe, 1); BoundStep bound = BoundStep.bind(step, state)) {
      bound.input("start").write(Literal.of(start.type(), m.start()));
      bound.input("table").write(Literal.of(table.type(), m.table()));
      bound.input("weights").write(Literal.of(weights.type(), m.weights()));
      bound.run();
      long[] tokens = bound.report("tokens").toLongs();
      return new Result(Arrays.stream(tokens).mapToInt(Math::toIntExact).toArray(), bound.report("scores").toFloats());
    }
  }

  /** A beam as wide as the space finds the best sentences, in their order, for every length penalty. */
  @Test
  void aBeamAsWideAsTheSpaceIsAnExhaustiveSearch() {
    int steps = 4;
    int width = 81;
    int shown = 10;
    SplittableRandom random = new SplittableRandom(SEED);
    for (double power : new double[]{0, 0.6, 2}) {
      Machine m = Machine.random(3, 5, 3, random);
      Result found = search(m, new BeamSearch(width, steps, BEGIN, END, PAD, power));
      for (int b = 0; b < m.batch(); b++) {
        List<Sentence> expected = enumerate(m, b, steps, power);
        for (int h = 0; h < shown; h++) {
          Sentence e = expected.get(h);
          assertEquals(e.score(), found.scores[b * width + h], 1e-4, "seed " + SEED + ", power " + power);
          boolean tie = expected.stream().filter(s -> Math.abs(s.score() - e.score()) < 1e-4).count() > 1;
          if (!tie) {
            assertEquals(e.words(), found.words(b * width + h, steps), "seed " + SEED + ", power " + power);
          }
        }
      }
    }
  }

  /** A wider beam may lose in theory; what it gives must be a real sentence with its own score, never above the best. */
  @Test
  void narrowBeamsGiveRealHypotheses() {
    int steps = 6;
    SplittableRandom random = new SplittableRandom(SEED + 1);
    for (int width : new int[]{1, 2, 3}) {
      Machine m = Machine.random(4, 6, 5, random);
      Result found = search(m, new BeamSearch(width, steps, BEGIN, END, PAD, 0.6));
      for (int b = 0; b < m.batch(); b++) {
        List<Sentence> all = enumerate(m, b, steps, 0.6);
        for (int h = 0; h < width; h++) {
          List<Integer> words = found.words(b * width + h, steps);
          if (words.getLast() == END) {
            Sentence real = all.stream().filter(s -> s.words().equals(words)).findFirst().orElseThrow();
            assertEquals(real.score(), found.scores[b * width + h], 1e-4, "seed " + SEED);
          } else {
            assertEquals(steps, words.size(), "seed " + SEED);
          }
        }
      }
    }
  }

  @Test
  void aBeamOfOneIsGreedy() {
    int steps = 7;
    SplittableRandom random = new SplittableRandom(SEED + 2);
    Machine m = Machine.random(5, 7, 13, random);
    Result found = search(m, new BeamSearch(1, steps, BEGIN, END, PAD, 0.6));
    for (int b = 0; b < m.batch(); b++) {
      int[] expected = new int[steps];
      double[] s = m.next(Arrays.copyOfRange(m.start(), b * m.width(), (b + 1) * m.width()), BEGIN, 0);
      for (int t = 0; t < steps; t++) {
        double[] p = m.logProbabilities(s);
        int best = END;
        for (int v = END; v < m.vocabulary(); v++) {
          best = p[v] > p[best] ? v : best;
        }
        expected[t] = best;
        if (best == END) {
          break;
        }
        s = m.next(s, best, t + 1);
      }
      assertArrayEquals(expected, Arrays.copyOfRange(found.tokens, b * steps, (b + 1) * steps), "seed " + SEED);
    }
  }

  /** Without normalisation the short sentence wins, with it the long one, whose words are each more likely. */
  @Test
  void lengthNormalisationFavoursLongSentences() {
    // After BEGIN: END with 0.3, word 3 with 0.5, a rest of 0.2; after word 3: END with 0.55.
    double[] table = new double[5 * 5];
    double[] rest = {1e-9, 1e-9};
    double[][] probability = {{1, 1, 1, 1, 1}, {rest[0], rest[1], 0.3, 0.5, 0.2}, {1, 1, 1, 1, 1},
        {rest[0], rest[1], 0.55, 0.01, 0.44}, {rest[0], rest[1], 0.5, 0.25, 0.25}};
    Module none = new Module() {};
    for (int v = 0; v < 5; v++) {
      for (int w = 0; w < 5; w++) {
        table[v * 5 + w] = Math.log(probability[v][w]);
      }
    }
    Field field = Field.floats("table", 5, 5);
    for (double power : new double[]{0, 1}) {
      BeamSearch beam = new BeamSearch(3, 3, BEGIN, END, PAD, power);
      Step step = Step.inference("search", none, List.of(field), c -> {
        BeamSearch.Found found = beam.search(
            1, List.of(), c.input("table"),
            (state, token, position) -> new StepDecoder.Next(c.input("table").gather(token), List.of()));
        c.report("tokens", found.tokens());
      });
      try (ModelState state = new ModelState(lathe, 1); BoundStep bound = BoundStep.bind(step, state)) {
        bound.input("table").write(Literal.of(field.type(), table));
        bound.run();
        long[] best = Arrays.copyOf(bound.report("tokens").toLongs(), 3);
        assertArrayEquals(power == 0 ? new long[]{END, PAD, PAD} : new long[]{3, END, PAD}, best);
      }
    }
  }

  @Test
  void refusesWhatIsNoSearch() {
    assertThrows(IllegalArgumentException.class, () -> new BeamSearch(0, 3, BEGIN, END, PAD, 0));
    assertTrue(assertThrows(IllegalArgumentException.class, () -> new BeamSearch(2, 0, BEGIN, END, PAD, 0)).getMessage()
        .contains("0 steps"));
  }
}
