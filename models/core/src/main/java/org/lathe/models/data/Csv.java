package org.lathe.models.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lathe.hal.Dims;

/**
 * Comma-separated values (RFC 4180, without line breaks inside of fields): numbers, and the target in the last column.
 *
 * <p>A first line in which no field but the last could be a number is a header. Where every target is a number that is
 * not whole, or there are more than {@link #MOST_CLASSES} different ones, the target is real; else it is a class, and
 * classes are numbered in the order of their names.
 */
public final class Csv {
  /** With more different targets than this, numbers are taken as real values. */
  public static final int MOST_CLASSES = 1000;

  private Csv() {}

  /**
   * Reads a file.
   *
   * <p>Columns: {@code x} f32 [fields - 1]; {@code label} i32 for classes, or {@code y} f32 [1] for real targets.
   *
   * @throws DataException naming the line and the field that is wrong
   */
  public static Dataset read(Path file) throws IOException {
    List<List<String>> rows = new ArrayList<>();
    List<Integer> lines = new ArrayList<>();
    try (BufferedReader in = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      int number = 0;
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        number++;
        if (!line.isBlank()) {
          rows.add(fields(file, number, line));
          lines.add(number);
        }
      }
    } catch (CharacterCodingException e) {
      throw new DataException(file, "is not UTF-8 text");
    }
    if (!rows.isEmpty() && isHeader(rows.getFirst())) {
      rows.removeFirst();
      lines.removeFirst();
    }
    if (rows.isEmpty()) {
      throw new DataException(file, "holds no rows");
    }
    int width = rows.getFirst().size();
    if (width < 2) {
      throw new DataException(file,
          "line " + lines.getFirst() + ": expected at least two fields, the last of them the target");
    }
    float[] x = new float[rows.size() * (width - 1)];
    for (int r = 0; r < rows.size(); r++) {
      List<String> row = rows.get(r);
      if (row.size() != width) {
        throw new DataException(file, "line " + lines.get(r) + ": expected " + width + " fields, found " + row.size());
      }
      for (int c = 0; c < width - 1; c++) {
        x[r * (width - 1) + c] = number(file, lines.get(r), c + 1, row.get(c));
      }
    }
    Column features = new Column.Floats("x", Dims.of(width - 1), x);
    return new Dataset(file.getFileName().toString(), List.of(features, target(rows)));
  }

  private static Column target(List<List<String>> rows) {
    List<String> targets = rows.stream().map(List::getLast).toList();
    boolean numbers = targets.stream().allMatch(Csv::isNumber);
    List<String> classes = targets.stream().distinct().sorted().toList();
    boolean whole = numbers
        && targets.stream().allMatch(t -> Double.parseDouble(t) == Math.rint(Double.parseDouble(t)));
    if (numbers && (!whole || classes.size() > MOST_CLASSES)) {
      float[] y = new float[targets.size()];
      for (int i = 0; i < y.length; i++) {
        y[i] = Float.parseFloat(targets.get(i));
      }
      return new Column.Floats("y", Dims.of(1), y);
    }
    if (numbers) {
      classes = classes.stream().sorted((a, b) -> Double.compare(Double.parseDouble(a), Double.parseDouble(b)))
          .toList();
    }
    Map<String, Integer> number = new LinkedHashMap<>();
    classes.forEach(c -> number.put(c, number.size()));
    return new Column.Ints("label", Dims.of(), targets.stream().mapToInt(t -> number.getOrDefault(t, -1)).toArray());
  }

  private static boolean isHeader(List<String> row) {
    return row.size() > 1 && row.subList(0, row.size() - 1).stream().noneMatch(Csv::isNumber);
  }

  private static boolean isNumber(String field) {
    try {
      Double.parseDouble(field);
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private static float number(Path file, int line, int field, String text) throws DataException {
    try {
      return Float.parseFloat(text);
    } catch (NumberFormatException e) {
      throw new DataException(file, "line " + line + ", field " + field + ": expected a number, found '" + text + "'");
    }
  }

  private static List<String> fields(Path file, int number, String line) throws DataException {
    if (line.indexOf('"') < 0) {
      return Arrays.stream(line.split(",", -1)).map(String::strip).toList();
    }
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted && c == '"' && i + 1 < line.length() && line.charAt(i + 1) == '"') {
        field.append('"');
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        fields.add(field.toString().strip());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    if (quoted) {
      throw new DataException(file, "line " + number + ": a quoted field does not end");
    }
    fields.add(field.toString().strip());
    return fields;
  }
}
