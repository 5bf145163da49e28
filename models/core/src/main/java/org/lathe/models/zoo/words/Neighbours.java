package org.lathe.models.zoo.words;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.BoundStep;

/**
 * The words nearest to each word, by the cosine of their vectors.
 *
 * @param words [vocabulary, count] from token 0 on, the nearest first
 * @param cosines [vocabulary, count]
 */
record Neighbours(long[] words, float[] cosines) {
  /** How many are looked at of each. */
  static final int COUNT = 3;

  /**
   * Of all words.
   *
   * @param step field {@code word} i32 [vocabulary]; reports {@code neighbours} and {@code cosines}
   */
  static Neighbours of(BoundStep step) {
    step.input("word").write(IntStream.range(0, Corpus.VOCABULARY).toArray());
    step.run();
    return new Neighbours(step.report("neighbours").toLongs(), step.report("cosines").toFloats());
  }

  /** The words nearest to {@code word}, the nearest first. */
  List<Integer> nearest(int word) {
    return IntStream.range(word * COUNT, (word + 1) * COUNT).mapToObj(i -> (int) words[i]).toList();
  }

  /**
   * The share of neighbours that are of their word's own category, where as many are looked at as the category has other
   * words, but at most {@link #COUNT}.
   */
  double sameCategory() {
    Grammar.Tag[] tags = Corpus.categories();
    int right = 0;
    int all = 0;
    for (List<Integer> category : Corpus.byCategory().values()) {
      for (int word : category) {
        for (int near : nearest(word).subList(0, Math.min(COUNT, category.size() - 1))) {
          right += tags[near] == tags[word] ? 1 : 0;
          all++;
        }
      }
    }
    return (double) right / all;
  }

  /** A word and what is nearest to it, for people. */
  String line(int word) {
    List<String> near = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      near.add(
          String.format(
              Locale.ROOT, "%s %.3f", Grammar.vocabulary().word(nearest(word).get(i)), cosines[word * COUNT + i]));
    }
    return Grammar.vocabulary().word(word) + ": " + String.join(", ", near);
  }
}
