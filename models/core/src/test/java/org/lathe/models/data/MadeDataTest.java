package org.lathe.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /** Three symbols tell the next, two do not. */
  @Test
  void periodicSequencesNeedAMemoryOfThreeSymbols() {
    int steps = 19;
    Dataset d = Sequences.periodic(40, steps, 3);
    int[] x = ((Column.Ints) d.column("x")).data();
    int[] y = ((Column.Ints) d.column("y")).data();
    float[] mask = ((Column.Floats) d.column("mask")).data();
    Map<List<Integer>, Set<Integer>> after = new HashMap<>();
    for (int i = 0; i < 40; i++) {
      for (int t = 0; t < steps; t++) {
        int at = i * steps + t;
        assertTrue(t + 1 == steps || x[at + 1] == y[at]);
        assertTrue(t < Sequences.PERIOD || x[at] == x[at - Sequences.PERIOD]);
        assertEquals(t >= 2 ? 1 : 0, mask[at]);
        if (t >= 2) {
          after.computeIfAbsent(List.of(x[at - 2], x[at - 1], x[at]), k -> new HashSet<>()).add(y[at]);
          after.computeIfAbsent(List.of(x[at - 1], x[at]), k -> new HashSet<>()).add(y[at]);
        }
      }
    }
    after.forEach((seen, next) -> assertEquals(seen.equals(List.of(0, 0)) ? 2 : 1, next.size(), seen.toString()));
  }

  /** The best that knows the word alone says each word's most frequent tag. */
  @Test
  void tagsNeedMoreThanTheWord() {
    double plain = wordAlone(TaggedSentences.of(20_000, 5), "tag");
    assertTrue(plain > 0.6 && plain < 0.9, "accuracy by the word alone: " + plain);
    Dataset later = TaggedSentences.withLaterCues(20_000, 5);
    double before = mostFrequent(later, true);
    double whole = mostFrequent(later, false);
    assertEquals(1, whole, 0, "the sentence settles all tags");
    assertTrue(before < 0.6, "the words so far settle " + before + " of the tags that a later word settles");
  }

  private static double wordAlone(Dataset d, String column) {
    int[] x = ((Column.Ints) d.column("x")).data();
    int[] tag = ((Column.Ints) d.column(column)).data();
    int[] length = ((Column.Ints) d.column("length")).data();
    int[][] counts = new int[TaggedSentences.vocabulary().size()][TaggedSentences.TAGS];
    int words = 0;
    for (int i = 0; i < d.size(); i++) {
      words += length[i];
      for (int t = 0; t < length[i]; t++) {
        counts[x[i * TaggedSentences.STEPS + t]][tag[i * TaggedSentences.STEPS + t]]++;
      }
    }
    return Arrays.stream(counts).mapToInt(c -> Arrays.stream(c).max().orElseThrow()).sum() / (double) words;
  }

  /** The accuracy, where a later word settles the tag, of the most frequent tag given the words so far, or all words. */
  private static double mostFrequent(Dataset d, boolean soFar) {
    int steps = TaggedSentences.STEPS;
    int[] x = ((Column.Ints) d.column("x")).data();
    int[] tag = ((Column.Ints) d.column("tag")).data();
    float[] later = ((Column.Floats) d.column("later")).data();
    Map<List<Integer>, int[]> counts = new HashMap<>();
    int marked = 0;
    for (int i = 0; i < d.size(); i++) {
      for (int t = 0; t < steps; t++) {
        if (later[i * steps + t] == 1) {
          int[] known = Arrays.copyOfRange(x, i * steps, i * steps + (soFar ? t + 1 : steps));
          List<Integer> key = new ArrayList<>(Arrays.stream(known).boxed().toList());
          key.add(-t);
          counts.computeIfAbsent(key, k -> new int[TaggedSentences.TAGS])[tag[i * steps + t]]++;
          marked++;
        }
      }
    }
    return counts.values().stream().mapToInt(c -> Arrays.stream(c).max().orElseThrow()).sum() / (double) marked;
  }

  /** A logistic regression on how often each word is there, fitted to the reviews that it is tested on. */
  @Test
  void reviewsNeedMoreThanTheirWords() {
    int count = 3000;
    Dataset d = Reviews.of(count, 7);
    int[] x = ((Column.Ints) d.column("x")).data();
    int[] length = ((Column.Ints) d.column("length")).data();
    int[] label = ((Column.Ints) d.column("label")).data();
    int words = Reviews.vocabulary().size();
    double[] w = new double[words];
    int right = 0;
    for (int epoch = 0; epoch < 30; epoch++) {
      right = 0;
      for (int i = 0; i < count; i++) {
        double score = w[0];
        for (int t = 0; t < length[i]; t++) {
          score += w[x[i * Reviews.STEPS + t]];
        }
        right += score > 0 == (label[i] == 1) ? 1 : 0;
        double error = label[i] - 1 / (1 + Math.exp(-score));
        w[0] += 0.01 * error;
        for (int t = 0; t < length[i]; t++) {
          w[x[i * Reviews.STEPS + t]] += 0.01 * error;
        }
      }
    }
    assertTrue(right < 0.8 * count, right + " of " + count);
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
  void oneDatasetContinuesAnother() {
    Dataset a = Shapes.generate(3, Shapes.Options.of(8), 1);
    Dataset b = Shapes.generate(2, Shapes.Options.of(8).withStyle(Shapes.Style.STRIPED), 5);
    Dataset both = a.and(b);
    assertEquals(5, both.size());
    for (Column c : both.columns()) {
      assertSameColumn(a.column(c.name()), c.select(new int[]{0, 1, 2}));
      assertSameColumn(b.column(c.name()), c.select(new int[]{3, 4}));
    }
    assertArrayEquals(new int[]{0, 0, 0, 1, 1}, ((Column.Ints) both.column("style")).data());
    assertEquals(3, a.and(Shapes.generate(0, Shapes.Options.of(8), 1)).size());
    assertThrows(IllegalArgumentException.class, () -> a.and(Shapes.generate(2, Shapes.Options.of(9), 1)));
    assertThrows(IllegalArgumentException.class, () -> a.and(Points.twoMoons(3, 0, 1)));
    assertThrows(IllegalArgumentException.class, () -> a.column("label").and(a.column("box")));
  }

  private static void assertSameColumn(Column expected, Column found) {
    assertEquals(expected.shape(), found.shape());
    switch (expected) {
      case Column.Floats f -> assertArrayEquals(f.data(), ((Column.Floats) found).data());
      case Column.Ints i -> assertArrayEquals(i.data(), ((Column.Ints) found).data());
    }
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
