package org.lathe.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MadeDataTest {
  @Test
  void digitsDependOnSeedAndIndexAlone() {
    Dataset few = Digits.generate(20, 3);
    Dataset many = Digits.generate(50, 3);
    float[] a = ((Column.Floats) few.column("image")).data();
    float[] b = ((Column.Floats) many.column("image")).data();
    assertArrayEquals(a, Arrays.copyOf(b, a.length));
    float[] other = ((Column.Floats) Digits.generate(20, 4).column("image")).data();
    assertTrue(!Arrays.equals(a, other));
    for (float p : b) {
      assertTrue(p >= 0 && p <= 1);
    }
  }

  @Test
  void barsAndStripesAreAllThere() {
    assertEquals(30, Sequences.barsAndStripes(4).size());
  }

  @Test
  void addingProblemAdds() {
    Dataset d = Sequences.adding(50, 11, 1);
    float[] x = ((Column.Floats) d.column("x")).data();
    float[] y = ((Column.Floats) d.column("y")).data();
    for (int i = 0; i < 50; i++) {
      double sum = 0;
      int marks = 0;
      for (int t = 0; t < 11; t++) {
        sum += x[(i * 11 + t) * 2] * x[(i * 11 + t) * 2 + 1];
        marks += (int) x[(i * 11 + t) * 2 + 1];
      }
      assertEquals(2, marks);
      assertEquals(sum, y[i], 1e-6);
    }
  }

  /** The stated entropy against the mean surprise of sampled sentences under probabilities counted by hand. */
  @Test
  void grammarEntropyIsThatOfItsSentences() {
    List<Grammar.Sentence> sentences = Grammar.sentences(200_000, 5);
    double nats = 0;
    long tokens = 0;
    for (Grammar.Sentence s : sentences) {
      tokens += s.words().size() + 1;
      boolean transitive = s.tags().contains(Grammar.Tag.VERB);
      int phrases = transitive ? 2 : 1;
      long adjectives = s.tags().stream().filter(t -> t == Grammar.Tag.ADJECTIVE).count();
      boolean adverb = s.tags().contains(Grammar.Tag.ADVERB);
      double p = Math.pow(1 / 4.0 / 8.0, phrases) * Math.pow(0.4 / 8, adjectives) * Math.pow(0.6, phrases - adjectives);
      p *= transitive ? 0.6 / 6 : 0.4 / 4 * (adverb ? 0.5 / 4 : 0.5);
      nats -= Math.log(p);
    }
    assertEquals(Grammar.entropyPerToken(), nats / tokens, 0.005);
    assertEquals(Grammar.expectedTokens(), (double) tokens / sentences.size(), 0.02);
  }

  /** Translated by rules written anew: adjectives after nouns, verbs at the end of their clause. */
  @Test
  void compoundsAreTranslatedClauseByClause() {
    List<Grammar.Sentence> sentences = Grammar.compounds(500, 1, 3, 7);
    boolean[] seen = new boolean[4];
    for (Grammar.Sentence s : sentences) {
      List<String> expected = new ArrayList<>();
      String verb = "";
      String adjective = "";
      int clauses = 1;
      for (int i = 0; i < s.words().size(); i++) {
        // Both vocabularies list the same words in the same order.
        String foreign = Grammar.foreignVocabulary().word(s.words().get(i));
        switch (s.tags().get(i)) {
          case VERB, INTRANSITIVE -> verb = foreign;
          case ADJECTIVE -> adjective = foreign;
          case NOUN -> {
            expected.add(foreign);
            if (!adjective.isEmpty()) {
              expected.add(adjective);
            }
            adjective = "";
          }
          case CONJUNCTION -> {
            expected.add(verb);
            expected.add(foreign);
            clauses++;
          }
          default -> expected.add(foreign);
        }
      }
      expected.add(verb);
      assertEquals(String.join(" ", expected), Grammar.foreignVocabulary().text(s.translation()));
      assertTrue(s.words().size() <= Grammar.mostWords(clauses));
      seen[clauses] = true;
    }
    assertArrayEquals(new boolean[]{false, true, true, true}, seen);
  }

  @Test
  void foldsCoverEverythingOnce() {
    Dataset d = Points.twoMoons(103, 0.1, 1);
    int held = 0;
    for (int f = 0; f < 7; f++) {
      Dataset.Fold fold = d.fold(f, 7);
      assertEquals(103, fold.train().size() + fold.held().size());
      held += fold.held().size();
    }
    assertEquals(103, held);
    assertEquals(List.of(62, 20, 21), d.split(0.6, 0.2, 0.2).stream().map(Dataset::size).toList());
  }

  @Test
  void permutationsHoldEveryIndex() {
    int[] p = Dataset.permutation(97, new SplittableRandom(1));
    Arrays.sort(p);
    for (int i = 0; i < 97; i++) {
      assertEquals(i, p[i]);
    }
  }
}
