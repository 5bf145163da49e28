package org.lathe.models.zoo.words;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;

/** Sentences of the grammar as words and what stands around them. */
final class Corpus {
  static final int VOCABULARY = Grammar.vocabulary().size();
  /** Tokens below it are marks, not words. */
  static final int FIRST_WORD = Grammar.END + 1;
  /** Words of a context on each side. */
  static final int WINDOW = 2;
  private static final int MOST_PARTS = 2;

  private final List<Grammar.Sentence> sentences;

  Corpus(int sentences, long seed) {
    this.sentences = Grammar.compounds(sentences, 1, MOST_PARTS, seed);
  }

  /**
   * How often each token occurs in the language; marks do not. It depends on no seed, so that a model's code and noise are
   * those of its checkpoint.
   */
  static double[] counts() {
    double[] counts = new double[VOCABULARY];
    for (Grammar.Sentence s : Grammar.compounds(2000, 1, MOST_PARTS, 0)) {
      s.words().forEach(w -> counts[w]++);
    }
    return counts;
  }

  /** The part of speech of each token, null for marks. */
  static Grammar.Tag[] categories() {
    Grammar.Tag[] tags = new Grammar.Tag[VOCABULARY];
    for (Grammar.Sentence s : Grammar.compounds(2000, 1, MOST_PARTS, 0)) {
      for (int i = 0; i < s.words().size(); i++) {
        tags[s.words().get(i)] = s.tags().get(i);
      }
    }
    return tags;
  }

  /** The words of each part of speech that has any. */
  static Map<Grammar.Tag, List<Integer>> byCategory() {
    Map<Grammar.Tag, List<Integer>> all = new EnumMap<>(Grammar.Tag.class);
    Grammar.Tag[] tags = categories();
    for (int w = FIRST_WORD; w < VOCABULARY; w++) {
      all.computeIfAbsent(tags[w], t -> new ArrayList<>()).add(w);
    }
    return all;
  }

  /** Columns: {@code x} i32 [2 * window], the words around one, 0 where there is none; {@code y} i32, that word. */
  Dataset contexts() {
    List<int[]> x = new ArrayList<>();
    List<Integer> y = new ArrayList<>();
    for (Grammar.Sentence s : sentences) {
      for (int t = 0; t < s.words().size(); t++) {
        int[] around = new int[2 * WINDOW];
        for (int d = 0; d < 2 * WINDOW; d++) {
          int at = t + d - WINDOW + (d < WINDOW ? 0 : 1);
          around[d] = at >= 0 && at < s.words().size() ? s.words().get(at) : 0;
        }
        x.add(around);
        y.add(s.words().get(t));
      }
    }
    return new Dataset(
        "contexts of the grammar's words",
        List.of(
            new Column.Ints("x", Dims.of(2 * WINDOW), x.stream().flatMapToInt(Arrays::stream).toArray()),
            ints("y", y)));
  }

  /** Columns: {@code x} i32, a word, and {@code y} i32, one of those around it. */
  Dataset pairs() {
    List<Integer> x = new ArrayList<>();
    List<Integer> y = new ArrayList<>();
    for (Grammar.Sentence s : sentences) {
      int length = s.words().size();
      for (int t = 0; t < length; t++) {
        for (int at = Math.max(0, t - WINDOW); at <= Math.min(length - 1, t + WINDOW); at++) {
          if (at != t) {
            x.add(s.words().get(t));
            y.add(s.words().get(at));
          }
        }
      }
    }
    return new Dataset("pairs of the grammar's words", List.of(ints("x", x), ints("y", y)));
  }

  private static Column.Ints ints(String name, List<Integer> values) {
    return new Column.Ints(name, Dims.of(), values.stream().mapToInt(Integer::intValue).toArray());
  }
}
