package org.lathe.models.zoo.words;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.WordVectors;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.OracleRun;
import org.lathe.models.train.Step;
import org.lathe.models.zoo.ResumeCheck;

class WordsTest {
  @TempDir
  Path directory;

  private static int[] column(Dataset d, String name) {
    return ((Column.Ints) d.column(name)).data();
  }

  @Test
  void contextsAndPairsAreTheWordsAround() {
    Corpus corpus = new Corpus(40, 3);
    Dataset contexts = corpus.contexts();
    Dataset pairs = corpus.pairs();
    List<String> fromContexts = new ArrayList<>();
    int[] x = column(contexts, "x");
    int[] y = column(contexts, "y");
    for (int i = 0; i < y.length; i++) {
      for (int w : Arrays.copyOfRange(x, 4 * i, 4 * i + 4)) {
        if (w != 0) {
          fromContexts.add(y[i] + " " + w);
        }
      }
    }
    List<String> fromPairs = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i++) {
      fromPairs.add(column(pairs, "x")[i] + " " + column(pairs, "y")[i]);
    }
    assertEquals(fromContexts, fromPairs);
    Grammar.Sentence first = Grammar.compounds(1, 1, 2, 3).getFirst();
    assertEquals(
        List.of(0, 0, first.words().get(1), first.words().get(2)),
        Arrays.stream(x, 0, 4).boxed().toList(), "the first word sees nothing before it");
    assertEquals(first.words(), Arrays.stream(y, 0, first.words().size()).boxed().toList());
  }

  @Test
  void everyWordHasOneCategory() {
    double[] counts = Corpus.counts();
    Grammar.Tag[] tags = Corpus.categories();
    for (int w = Corpus.FIRST_WORD; w < Corpus.VOCABULARY; w++) {
      assertTrue(counts[w] > 0 && tags[w] != null, Grammar.vocabulary().word(w));
    }
    assertEquals(7, Corpus.byCategory().size());
    assertEquals(
        Corpus.VOCABULARY - Corpus.FIRST_WORD, Corpus.byCategory().values().stream().mapToInt(List::size).sum());
  }

  /** The mean of context vectors without those that are not there, and neighbours by cosine, against loops. */
  @Test
  void vectorsOfContextsAndTheirNeighbours() {
    int width = 3;
    double[] counts = {0, 1, 2, 3, 4, 5};
    WordVectors model = new WordVectors(counts, width, WordVectors.Output.SOFTMAX);
    Field x = Field.ints("x", 2, 4);
    Field word = Field.ints("word", 6);
    OracleRun run = new OracleRun(
        Step.inference("s", model, List.of(x, word), c -> {
          c.report("context", model.ofContext(c.input("x")));
          WordVectors.Neighbours n = model.nearest(c.input("word"), 2, 3);
          c.report("words", n.words());
          c.report("cosines", n.cosines());
        }).trace(), 6);
    double[] v = {9, 9, 9, 8, 8, 8, 1, 0, 0, 2, 0.1, 0, 0, -3, 0, 0, 1, 1};
    run.set("vectors.weight", v);
    run.run(
        Map.of(
            "x", Literal.of(x.type(), 0, 2, 3, 0, 0, 0, 0, 0), "word", Literal.of(word.type(), 0, 1, 2, 3, 4, 5)));
    double[] context = run.report("context");
    assertEquals(1.5, context[0], 1e-12);
    assertEquals(0.05, context[1], 1e-12);
    assertEquals(0, context[3], 0);
    for (int w = 2; w < 6; w++) {
      List<Integer> order = new ArrayList<>(List.of(2, 3, 4, 5));
      order.remove((Integer) w);
      int of = w;
      order.sort((a, b) -> Double.compare(cosine(v, of, b), cosine(v, of, a)));
      for (int i = 0; i < 3; i++) {
        assertEquals((double) order.get(i), run.report("words")[w * 3 + i]);
        assertEquals(cosine(v, w, order.get(i)), run.report("cosines")[w * 3 + i], 1e-9);
      }
    }
  }

  private static double cosine(double[] v, int a, int b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < 3; i++) {
      dot += v[3 * a + i] * v[3 * b + i];
      aa += v[3 * a + i] * v[3 * a + i];
      bb += v[3 * b + i] * v[3 * b + i];
    }
    return dot / Math.sqrt(aa * bb);
  }

  /** What chance gives is far from the bar: vectors that have learned nothing. */
  @Test
  void randomVectorsAreFarFromTheBar() {
    try (Lathe lathe = Lathe.on("cpu")) {
      double sum = 0;
      for (int seed = 0; seed < 5; seed++) {
        try (ModelState state = new ModelState(lathe, seed);
            BoundStep nearest = BoundStep.bind(new CbowModel().runSteps().getLast(), state)) {
          sum += Neighbours.of(nearest).sameCategory() / 5;
        }
      }
      assertTrue(sum < 0.35, "share " + sum);
    }
  }

  @Test
  void aTrainingThatWasEndedResumesBitForBit() throws IOException {
    try (Lathe lathe = Lathe.on("cpu")) {
      ResumeCheck.check(new CbowModel(), lathe, directory, 2, 220);
    }
  }
}
