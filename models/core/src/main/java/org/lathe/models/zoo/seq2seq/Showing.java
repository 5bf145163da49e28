package org.lathe.models.zoo.seq2seq;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lathe.models.data.Grammar;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.ModelState;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.parts.WeightMap;

/** What a translator shows of itself. */
final class Showing {
  private Showing() {}

  /** Writes translations with the truth, and where the model has one an attention map. */
  static void show(TrainRequest request, Course course, ModelState state, List<Grammar.Sentence> sentences)
      throws IOException {
    try (Interpreter beam = new Interpreter(course, state, course.allBuckets(), Course.BEAM)) {
      List<Interpreter.Said> said = beam.translate(sentences.stream().map(Grammar.Sentence::words).toList());
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < said.size(); i++) {
        lines.add("source: " + Grammar.vocabulary().text(sentences.get(i).words()));
        lines.add("found:  " + Grammar.foreignVocabulary().text(said.get(i).words()));
        lines.add("truth:  " + Grammar.foreignVocabulary().text(sentences.get(i).translation()));
        lines.add("");
      }
      Files.createDirectories(request.out());
      Files.write(request.out().resolve("translations.txt"), lines);
      request.listener().note("a translation: " + lines.get(0) + " | " + lines.get(1) + " | " + lines.get(2));
      int longest = longest(sentences.stream().map(Grammar.Sentence::words).toList());
      attention(
          course, state, sentences.get(longest).words(), said.get(longest).words(),
          request.out().resolve("attention.png"));
    }
  }

  /** The position of the first of the longest ones. */
  static int longest(List<List<Integer>> sentences) {
    int longest = 0;
    for (int i = 1; i < sentences.size(); i++) {
      longest = sentences.get(i).size() > sentences.get(longest).size() ? i : longest;
    }
    return longest;
  }

  /** Writes where a translation looked; whether the model has an attention to show. */
  static boolean attention(
      Course course, ModelState state, List<Integer> source, List<Integer> said, Path file) throws IOException {
    if (!course.attends()) {
      return false;
    }
    Bitext.Bucket bucket = Bitext.bucketOf(course.allBuckets(), source.size());
    try (BoundStep look = BoundStep.bind(course.looking(bucket), state)) {
      int[] x = new int[bucket.from()];
      Bitext.fill(x, 0, source);
      int[] z = new int[bucket.to()];
      z[0] = Grammar.BEGIN;
      // One that found no end has a word in every step.
      Bitext.fill(z, 1, said.subList(0, Math.min(said.size(), bucket.to() - 1)));
      look.input("x").write(x);
      look.input("z").write(z);
      look.run();
      List<String> rows = new ArrayList<>();
      said.forEach(w -> rows.add(Grammar.foreignVocabulary().word(w)));
      if (rows.size() < bucket.to()) {
        rows.add(Grammar.foreignVocabulary().word(Grammar.END));
      }
      WeightMap.write(
          file, rows, source.stream().map(Grammar.vocabulary()::word).toList(),
          look.report("attention").toFloats(), bucket.from());
    }
    return true;
  }
}
