package org.lathe.models.zoo.seq2seq;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lathe.hal.Dims;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Grammar;
import org.lathe.models.nets.Translator;
import org.lathe.models.train.Field;

/**
 * The grammar's sentences and their translations as data of translators: sorted by length into buckets, filled up within
 * each with {@link Translator#PAD}.
 */
final class Bitext {
  /** Of either language. */
  static final int VOCABULARY = Math.max(Grammar.vocabulary().size(), Grammar.foreignVocabulary().size());

  private Bitext() {}

  /**
   * The bucket's longest source; a target has one token more, its end.
   */
  record Bucket(int words) {
    int from() {
      return words;
    }

    int to() {
      return words + 1;
    }

    boolean holds(int length) {
      return length <= words;
    }
  }

  /** Buckets for compounds of up to so many parts, the narrowest first: one for each number of them. */
  static List<Bucket> buckets(int parts) {
    return IntStream.rangeClosed(1, parts).mapToObj(p -> new Bucket(Grammar.mostWords(p))).toList();
  }

  /** The narrowest bucket that holds so many words. */
  static Bucket bucketOf(List<Bucket> buckets, int words) {
    return buckets.stream().filter(b -> b.holds(words)).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("a sentence of " + words + " words, buckets are " + buckets));
  }

  static List<Field> fields(long batch, Bucket bucket) {
    return List.of(Field.ints("x", batch, bucket.from()), Field.ints("y", batch, bucket.to()));
  }

  /** Columns: {@code x} i32 [from], the source; {@code y} i32 [to], the target and its end. */
  static Dataset dataset(List<Grammar.Sentence> sentences, Bucket bucket) {
    int[] x = new int[sentences.size() * bucket.from()];
    int[] y = new int[sentences.size() * bucket.to()];
    for (int i = 0; i < sentences.size(); i++) {
      Grammar.Sentence s = sentences.get(i);
      fill(x, i * bucket.from(), s.words());
      fill(y, i * bucket.to(), s.translation());
      y[i * bucket.to() + s.translation().size()] = Grammar.END;
    }
    return new Dataset(
        "grammar, up to " + bucket.words() + " words",
        List.of(new Column.Ints("x", Dims.of(bucket.from()), x), new Column.Ints("y", Dims.of(bucket.to()), y)));
  }

  static void fill(int[] row, int at, List<Integer> words) {
    for (int t = 0; t < words.size(); t++) {
      row[at + t] = words.get(t);
    }
  }

  /** The words before the end. */
  static List<Integer> words(long[] tokens, int from, int to) {
    List<Integer> words = new ArrayList<>();
    for (int t = from; t < to && tokens[t] != Grammar.END && tokens[t] != Translator.PAD; t++) {
      words.add((int) tokens[t]);
    }
    return words;
  }
}
