package org.lathe.backends.simt.schedule;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The free choices of a schedule by name, such as tile sizes. Prints as {@code rows=8 columns=32}, and parses back. */
public record Tuning(SortedMap<String, Integer> choices) {
  public static final Tuning NONE = new Tuning(new TreeMap<>());

  public Tuning {
    choices = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(choices));
  }

  public static Tuning of(Map<String, Integer> choices) {
    return new Tuning(new TreeMap<>(choices));
  }

  /** These choices and one more. */
  public Tuning with(String name, int value) {
    SortedMap<String, Integer> more = new TreeMap<>(choices);
    more.put(name, value);
    return new Tuning(more);
  }

  public static Tuning parse(String text) {
    SortedMap<String, Integer> choices = new TreeMap<>();
    for (String part : text.isBlank() ? new String[0] : text.strip().split(" +")) {
      int equals = part.indexOf('=');
      if (equals <= 0) {
        throw new IllegalArgumentException("'" + part + "' of the tuning '" + text + "' is not name=value");
      }
      choices.put(part.substring(0, equals), Integer.parseInt(part.substring(equals + 1)));
    }
    return new Tuning(choices);
  }

  public int get(String name) {
    Integer value = choices.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the tuning '" + this + "' lacks " + name);
    }
    return value;
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder();
    choices.forEach((name, value) -> s.append(s.isEmpty() ? "" : " ").append(name).append('=').append(value));
    return s.toString();
  }
}
