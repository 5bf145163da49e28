package org.lathe.models.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lathe.hal.Dims;

/** Plain UTF-8 text as a stream of characters or words. */
public final class Text {
  /** What a token is. */
  public enum Unit {
    CHARACTER,
    /** Runs of letters and digits, and every other visible character by itself. */
    WORD
  }

  /** Tokens in order, and what they stand for. The vocabulary is in the order of the words themselves. */
  public record Stream(Vocabulary vocabulary, int[] tokens) {
    /**
     * The stream cut into pieces of {@code length} inputs; what is left over is dropped. Columns: {@code x} i32 [length],
     * and {@code y} i32 [length], the token that follows each.
     */
    public Dataset windows(String name, int length) {
      int count = (tokens.length - 1) / length;
      if (count == 0) {
        throw new IllegalArgumentException(
            name + ": a text of " + tokens.length + " tokens has no piece of " + length + " and one that follows");
      }
      Dims shape = Dims.of(length);
      return new Dataset(
          name,
          List.of(
              new Column.Ints("x", shape, Arrays.copyOf(tokens, count * length)),
              new Column.Ints("y", shape, Arrays.copyOfRange(tokens, 1, count * length + 1))));
    }
  }

  private Text() {}

  /**
   * Reads a file.
   *
   * @throws DataException with the offset of the first byte that is not UTF-8, or if there is no token
   */
  public static Stream read(Path file, Unit unit) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(in).toString();
    } catch (CharacterCodingException e) {
      throw new DataException(file, in.position(), "expected UTF-8 text");
    }
    List<String> words = unit == Unit.CHARACTER
        ? text.codePoints().mapToObj(Character::toString).toList()
        : words(text);
    if (words.isEmpty()) {
      throw new DataException(file, "holds no text");
    }
    Map<String, Integer> numbers = new TreeMap<>();
    words.forEach(w -> numbers.put(w, 0));
    int next = 0;
    for (Map.Entry<String, Integer> e : numbers.entrySet()) {
      e.setValue(next++);
    }
    return new Stream(
        new Vocabulary(List.copyOf(numbers.keySet())),
        words.stream().mapToInt(w -> numbers.getOrDefault(w, 0)).toArray());
  }

  private static List<String> words(String text) {
    return java.util.regex.Pattern.compile("[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]").matcher(text).results()
        .map(r -> r.group()).toList();
  }
}
