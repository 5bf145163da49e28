package org.lathe.models.zoo.seq2seq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;

/**
 * Translates sentences of any length that the buckets hold, each in the narrowest one, by beam search on the device.
 * Ownership: it closes what it compiled, before the state. One thread.
 */
final class Interpreter implements AutoCloseable {
  private final Course course;
  private final ModelState state;
  private final List<Bitext.Bucket> buckets;
  private final int beam;
  private final Map<Bitext.Bucket, BoundStep> bound = new LinkedHashMap<>();

  /**
   * @param words of the translation, without its end
   * @param score its log-probability over the length's penalty
   */
  record Said(List<Integer> words, double score) {}

  Interpreter(Course course, ModelState state, List<Bitext.Bucket> buckets, int beam) {
    this.course = course;
    this.state = state;
    this.buckets = buckets;
    this.beam = beam;
  }

  /** A translation of each source, in their order. */
  List<Said> translate(List<List<Integer>> sources) {
    Map<Bitext.Bucket, List<Integer>> sorted = new LinkedHashMap<>();
    List<Said> all = new ArrayList<>();
    for (int i = 0; i < sources.size(); i++) {
      sorted.computeIfAbsent(Bitext.bucketOf(buckets, sources.get(i).size()), b -> new ArrayList<>()).add(i);
      all.add(new Said(List.of(), Double.NaN));
    }
    sorted.forEach((bucket, indices) -> {
      for (int first = 0; first < indices.size(); first += Course.BATCH) {
        run(bucket, indices.subList(first, Math.min(first + Course.BATCH, indices.size())), sources, all);
      }
    });
    return all;
  }

  private void run(Bitext.Bucket bucket, List<Integer> indices, List<List<Integer>> sources, List<Said> all) {
    BoundStep step = bound.computeIfAbsent(
        bucket, b -> BoundStep.bind(course.translation(Course.BATCH, b, beam), state));
    int[] x = new int[Course.BATCH * bucket.from()];
    for (int i = 0; i < indices.size(); i++) {
      Bitext.fill(x, i * bucket.from(), sources.get(indices.get(i)));
    }
    step.input("x").write(x);
    step.run();
    long[] tokens = step.report("tokens").toLongs();
    float[] scores = step.report("score").toFloats();
    for (int i = 0; i < indices.size(); i++) {
      all.set(
          indices.get(i), new Said(Bitext.words(tokens, i * bucket.to(), (i + 1) * bucket.to()), scores[i]));
    }
  }

  /** The share of sentences whose translation is the true one, word for word. */
  double exact(List<Grammar.Sentence> sentences) {
    List<Said> said = translate(sentences.stream().map(Grammar.Sentence::words).toList());
    int right = 0;
    for (int i = 0; i < said.size(); i++) {
      right += said.get(i).words().equals(sentences.get(i).translation()) ? 1 : 0;
    }
    return (double) right / sentences.size();
  }

  @Override
  public void close() {
    bound.values().forEach(BoundStep::close);
  }
}
