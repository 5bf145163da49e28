package org.lathe.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.interp.Oracle;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.compiler.trace.Tracer;
import org.lathe.models.train.Field;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;

/** Losses over many symbols, against sums over all of them written out. */
class WordLossesTest {
  private static final long SEED = System.nanoTime();

  /** The least mean length of any code: over all ways of joining two trees at a time. */
  private static double leastLength(double[] weights) {
    if (weights.length == 1) {
      return 0;
    }
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < weights.length; i++) {
      for (int j = i + 1; j < weights.length; j++) {
        double[] rest = new double[weights.length - 1];
        int at = 0;
        for (int k = 0; k < weights.length; k++) {
          if (k != i && k != j) {
            rest[at++] = weights[k];
          }
        }
        rest[at] = weights[i] + weights[j];
        least = Math.min(least, rest[at] + leastLength(rest));
      }
    }
    return least;
  }

  @Test
  void huffmanCodesAreTheShortest() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int n = 2; n <= 7; n++) {
      for (int trial = 0; trial < 5; trial++) {
        double[] weights = random.doubles(n).map(x -> Math.floor(10 * x * x)).toArray();
        int[] lengths = Huffman.of(weights).lengths();
        double length = 0;
        double kraft = 0;
        for (int s = 0; s < n; s++) {
          length += weights[s] * lengths[s];
          kraft += Math.pow(2, -lengths[s]);
        }
        assertEquals(leastLength(weights), length, 1e-9, "seed " + SEED + ": " + Arrays.toString(weights));
        assertEquals(1, kraft, 1e-12, "the tree is full");
      }
    }
  }

  @Test
  void huffmanPathsAreATree() {
    Huffman code = Huffman.of(5, 9, 12, 13, 16, 45);
    assertArrayEquals(new int[]{4, 4, 3, 3, 3, 1}, code.lengths());
    assertEquals(5, code.nodes());
    assertEquals(4, code.depth());
    // No code begins another: two symbols part at a node that is on both paths.
    for (int a = 0; a < 6; a++) {
      for (int b = 0; b < a; b++) {
        int d = 0;
        while (code.turns().get(a)[d] == code.turns().get(b)[d]) {
          d++;
        }
        assertEquals(code.paths().get(a)[d], code.paths().get(b)[d]);
      }
    }
    assertThrows(IllegalArgumentException.class, () -> Huffman.of(1));
    assertThrows(IllegalArgumentException.class, () -> Huffman.of(1, Double.NaN));
  }

  private static OracleRun run(Module model, Field hidden, Field labels) {
    OutputLoss loss = (OutputLoss) model;
    return new OracleRun(
        Step.training("loss", model, List.of(hidden, labels), c -> {
          c.report("losses", loss.losses(c.input("h"), c.input("labels")));
          c.report("all", loss.logProbabilities(c.input("h")));
        }).trace(), SEED);
  }

  private static double[] normal(int n, SplittableRandom random) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = random.nextGaussian();
    }
    return x;
  }

  private static double dot(double[] a, int from, double[] b, int at, int width) {
    double sum = 0;
    for (int i = 0; i < width; i++) {
      sum += a[from + i] * b[at + i];
    }
    return sum;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** The probabilities of all symbols sum to 1, and each is the product of the turns to it. */
  @Test
  void hierarchicalSoftmaxIsADistribution() {
    SplittableRandom random = new SplittableRandom(SEED);
    int width = 3;
    int batch = 5;
    for (int symbols : new int[]{2, 3, 13}) {
      Huffman code = Huffman.of(random.doubles(symbols, 0, 9).toArray());
      HierarchicalSoftmax model = new HierarchicalSoftmax(code, width);
      Field hidden = Field.floats("h", batch, width);
      Field labels = Field.ints("labels", batch);
      OracleRun run = run(model, hidden, labels);
      double[] w = normal((symbols - 1) * width, random);
      run.set("weight", w);
      double[] h = normal(batch * width, random);
      double[] said = random.doubles(batch, 0, symbols).map(Math::floor).toArray();
      run.run(Map.of("h", Literal.of(hidden.type(), h), "labels", Literal.of(labels.type(), said)));
      for (int b = 0; b < batch; b++) {
        double sum = 0;
        for (int s = 0; s < symbols; s++) {
          double p = 1;
          for (int d = 0; d < code.paths().get(s).length; d++) {
            double score = dot(h, b * width, w, code.paths().get(s)[d] * width, width);
            p *= code.turns().get(s)[d] ? sigmoid(-score) : sigmoid(score);
          }
          assertEquals(Math.log(p), run.report("all")[b * symbols + s], 1e-9, "seed " + SEED);
          sum += p;
          if (s == said[b]) {
            assertEquals(-Math.log(p), run.report("losses")[b], 1e-9, "seed " + SEED);
          }
        }
        assertEquals(1, sum, 1e-12);
      }
    }
  }

  @Test
  void fullSoftmaxIsADistribution() {
    SplittableRandom random = new SplittableRandom(SEED);
    int width = 4;
    int symbols = 7;
    Field hidden = Field.floats("h", 2, width);
    Field labels = Field.ints("labels", 2);
    OracleRun run = run(new FullSoftmax(symbols, width), hidden, labels);
    double[] w = normal(symbols * width, random);
    double[] h = normal(2 * width, random);
    run.set("weight", w);
    run.run(Map.of("h", Literal.of(hidden.type(), h), "labels", Literal.of(labels.type(), 6, 0)));
    for (int b = 0; b < 2; b++) {
      double sum = 0;
      for (int s = 0; s < symbols; s++) {
        sum += Math.exp(dot(h, b * width, w, s * width, width));
      }
      int label = b == 0 ? 6 : 0;
      double log = dot(h, b * width, w, label * width, width) - Math.log(sum);
      assertEquals(-log, run.report("losses")[b], 1e-9);
      assertEquals(log, run.report("all")[b * symbols + label], 1e-9);
    }
  }

  /** The mean of the loss over many draws against its expectation under the noise, written out. */
  @Test
  void negativeSamplingCostsWhatItsNoiseExpects() {
    SplittableRandom random = new SplittableRandom(SEED);
    int width = 3;
    int batch = 4000;
    int negatives = 5;
    double[] counts = {0, 4, 1, 16, 3};
    Field hidden = Field.floats("h", batch, width);
    Field labels = Field.ints("labels", batch);
    OracleRun run = run(new NegativeSampling(counts, negatives, width), hidden, labels);
    double[] w = normal(counts.length * width, random);
    double[] one = normal(width, random);
    double[] h = new double[batch * width];
    double[] said = new double[batch];
    Arrays.fill(said, 3);
    for (int i = 0; i < h.length; i++) {
      h[i] = one[i % width];
    }
    run.set("weight", w);
    run.run(Map.of("h", Literal.of(hidden.type(), h), "labels", Literal.of(labels.type(), said)));
    double[] noise = Arrays.stream(counts).map(c -> Math.pow(c, 0.75)).toArray();
    double sum = Arrays.stream(noise).sum();
    double expected = -Math.log(sigmoid(dot(one, 0, w, 3 * width, width)));
    double squares = 0;
    double mean = 0;
    for (int s = 0; s < counts.length; s++) {
      double cost = s == 3 ? 0 : -Math.log(sigmoid(-dot(one, 0, w, s * width, width)));
      mean += noise[s] / sum * cost;
      squares += noise[s] / sum * cost * cost;
    }
    expected += negatives * mean;
    double deviation = Math.sqrt(negatives * (squares - mean * mean) / batch);
    assertEquals(expected, Arrays.stream(run.report("losses")).average().orElseThrow(), 6 * deviation, "seed " + SEED);
    double total = 0;
    for (int s = 0; s < counts.length; s++) {
      total += Math.exp(run.report("all")[s]);
    }
    assertEquals(1, total, 1e-9);
    assertEquals(Double.NEGATIVE_INFINITY, run.report("all")[0]);
  }

  @Test
  void aliasTablesHoldTheirDistribution() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int n : new int[]{1, 2, 3, 17, 207}) {
      double[] weights = random.doubles(n).map(x -> x < 0.2 ? 0 : x * x * x).toArray();
      weights[0] = 1;
      double sum = Arrays.stream(weights).sum();
      double[] expected = Arrays.stream(weights).map(x -> x / sum).toArray();
      assertArrayEquals(expected, new AliasTable(weights).probabilities(), 1e-12, "seed " + SEED);
    }
    assertThrows(IllegalArgumentException.class, () -> new AliasTable(0, 0));
    assertThrows(IllegalArgumentException.class, () -> new AliasTable(1, -1));
    assertThrows(IllegalArgumentException.class, () -> new AliasTable(1, Double.NaN));
  }

  /** Drawn counts against the weights, by Pearson's chi-squared. */
  @Test
  void aliasTablesDrawTheirDistribution() {
    double[] weights = {1, 0, 5, 2, 2, 10, 0.5};
    double sum = Arrays.stream(weights).sum();
    int draws = 20_000;
    AliasTable table = new AliasTable(weights);
    var builder = Tracer.builder("draw");
    Tensor key = new Tensor(builder, builder.input("key", RandomKey.TYPE));
    var graph = builder.build(List.of(table.draw(new RandomKey(key), draws / 4, 4).value()));
    double[] keys = Arrays.stream(RandomKey.of(SEED)).asDoubleStream().toArray();
    Literal drawn = Oracle.run(graph, List.of(Literal.of(TensorType.of(RandomKey.TYPE.dtype(), 2), keys))).getFirst();
    int[] counts = new int[weights.length];
    for (double d : drawn.toArray()) {
      counts[(int) d]++;
    }
    assertEquals(0, counts[1], "what has no weight is never drawn");
    double chi = 0;
    for (int s = 0; s < weights.length; s++) {
      if (weights[s] > 0) {
        double expected = draws * weights[s] / sum;
        chi += (counts[s] - expected) * (counts[s] - expected) / expected;
      }
    }
    // Five degrees of freedom: beyond 40 once in ten million.
    assertTrue(chi < 40, "chi-squared " + chi + ", seed " + SEED);
  }
}
