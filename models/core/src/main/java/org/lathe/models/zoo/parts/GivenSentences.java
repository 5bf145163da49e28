package org.lathe.models.zoo.parts;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lathe.models.data.Vocabulary;
import org.lathe.models.zoo.model.RequestException;

/** Sentences that a run is given: {@code text:FILE} with one in each line, or such as {@code sentence:WORDS}. */
public final class GivenSentences {
  private static final String FILE = "text:";

  private GivenSentences() {}

  /**
   * Tokens of each sentence; case does not matter, empty lines are passed over.
   *
   * @param kind what is before the colon of a single one, such as {@code sentence}
   * @param most words of a sentence
   * @throws RequestException if there is no sentence, one is too long, or a word is not known
   */
  public static List<List<Integer>> read(String model, String kind, String data, Vocabulary vocabulary, int most)
      throws IOException {
    List<List<Integer>> all = new ArrayList<>();
    int number = 0;
    for (String line : lines(model, kind, data)) {
      number++;
      List<Integer> sentence = new ArrayList<>();
      for (String word : line.strip().toLowerCase(Locale.ROOT).split("\\s+")) {
        if (word.isEmpty()) {
          continue;
        }
        if (!vocabulary.contains(word) || word.startsWith("<")) {
          throw new RequestException(
              "--data " + data + ": line " + number + ": model '" + model + "' does not know '" + word + "', only "
                  + String.join(" ", vocabulary.words().stream().filter(w -> !w.startsWith("<")).toList()));
        }
        sentence.add(vocabulary.token(word));
      }
      if (sentence.size() > most) {
        throw new RequestException(
            "--data " + data + ": line " + number + " has " + sentence.size() + " words, model '" + model
                + "' takes at most " + most);
      }
      if (!sentence.isEmpty()) {
        all.add(List.copyOf(sentence));
      }
    }
    if (all.isEmpty()) {
      throw new RequestException("--data " + data + ": holds no " + kind);
    }
    return all;
  }

  private static List<String> lines(String model, String kind, String data) throws IOException {
    if (data.startsWith(kind + ":")) {
      return List.of(data.substring(kind.length() + 1));
    }
    if (!data.startsWith(FILE)) {
      throw new RequestException(
          "--data " + data + ": model '" + model
              + "' takes text:FILE, " + kind + ":WORDS, or no --data for " + kind + "s of its own");
    }
    Path file;
    try {
      file = Path.of(data.substring(FILE.length()));
    } catch (InvalidPathException e) {
      throw new RequestException("--data " + data + ": not a path: " + e.getReason());
    }
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw new RequestException("--data " + data + ": expected UTF-8 text");
    }
  }
}
