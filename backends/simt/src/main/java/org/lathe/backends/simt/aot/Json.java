package org.lathe.backends.simt.aot;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON (RFC 8259) of maps, lists, strings, numbers, booleans and null, and back: numbers come back as longs where they are
 * whole and fit, else as doubles.
 */
public final class Json {
  private static final int MOST_DEPTH = 64;

  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /** The text is no JSON. The message says where and why. */
  public static final class SyntaxException extends Exception {
    private static final long serialVersionUID = 1;

    SyntaxException(String message) {
      super(message);
    }
  }

  /** Indented, so that people can read it; ends with a new line. */
  public static String print(Object value) {
    StringBuilder out = new StringBuilder();
    print(value, "", out);
    return out.append('\n').toString();
  }

  private static void print(@Nullable Object value, String indent, StringBuilder out) {
    switch (value) {
      case null -> out.append("null");
      case String s -> quote(s, out);
      case Boolean b -> out.append(b);
      case Double d when !Double.isFinite(d) -> out.append("null");
      case Double d when d == Math.rint(d) && Math.abs(d) < 1e15 -> out.append(d.longValue());
      case Number n -> out.append(n);
      case Map<?, ?> m -> {
        String separator = "{\n";
        for (Map.Entry<?, ?> e : m.entrySet()) {
          out.append(separator).append(indent).append("  ");
          quote((String) e.getKey(), out);
          out.append(": ");
          print(e.getValue(), indent + "  ", out);
          separator = ",\n";
        }
        out.append(m.isEmpty() ? "{}" : "\n" + indent + "}");
      }
      case Collection<?> c -> {
        String separator = "[\n";
        for (Object item : c) {
          out.append(separator).append(indent).append("  ");
          print(item, indent + "  ", out);
          separator = ",\n";
        }
        out.append(c.isEmpty() ? "[]" : "\n" + indent + "]");
      }
      default -> throw new IllegalArgumentException("JSON has no form for " + value.getClass().getName());
    }
  }

  private static void quote(String s, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        default -> {
          if (c < 0x20) {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  public static @Nullable Object parse(String text) throws SyntaxException {
    Json in = new Json(text);
    Object value = in.value(0);
    in.space();
    if (in.at < text.length()) {
      throw in.expected("the end");
    }
    return value;
  }

  private SyntaxException expected(String what) {
    String found = at < text.length() ? "'" + text.charAt(at) + "'" : "the end";
    return new SyntaxException("expected " + what + " at offset " + at + ", found " + found);
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private boolean takes(char c) {
    space();
    if (at < text.length() && text.charAt(at) == c) {
      at++;
      return true;
    }
    return false;
  }

  private void take(char c) throws SyntaxException {
    if (!takes(c)) {
      throw expected("'" + c + "'");
    }
  }

  private @Nullable Object value(int depth) throws SyntaxException {
    space();
    if (depth > MOST_DEPTH) {
      throw new SyntaxException("more than " + MOST_DEPTH + " levels at offset " + at);
    }
    if (takes('{')) {
      return object(depth);
    }
    if (takes('[')) {
      return array(depth);
    }
    if (at < text.length() && text.charAt(at) == '"') {
      return string();
    }
    for (String word : List.of("true", "false", "null")) {
      if (text.startsWith(word, at)) {
        at += word.length();
        return word.equals("null") ? null : Boolean.valueOf(word);
      }
    }
    return number();
  }

  private Map<String, @Nullable Object> object(int depth) throws SyntaxException {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    if (takes('}')) {
      return map;
    }
    do {
      space();
      String key = string();
      take(':');
      map.put(key, value(depth + 1));
    } while (takes(','));
    take('}');
    return map;
  }

  private List<@Nullable Object> array(int depth) throws SyntaxException {
    List<@Nullable Object> list = new ArrayList<>();
    if (takes(']')) {
      return list;
    }
    do {
      list.add(value(depth + 1));
    } while (takes(','));
    take(']');
    return list;
  }

  private String string() throws SyntaxException {
    if (at >= text.length() || text.charAt(at) != '"') {
      throw expected("a string");
    }
    at++;
    StringBuilder s = new StringBuilder();
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        return s.toString();
      }
      if (c < 0x20) {
        at--;
        throw expected("no control character in a string");
      }
      s.append(c == '\\' ? escape() : c);
    }
    throw expected("the end of a string");
  }

  private char escape() throws SyntaxException {
    if (at >= text.length()) {
      throw expected("an escape");
    }
    char c = text.charAt(at++);
    int simple = "\"\\/bfnrt".indexOf(c);
    if (simple >= 0) {
      return "\"\\/\b\f\n\r\t".charAt(simple);
    }
    if (c == 'u' && at + 4 <= text.length() && text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
      at += 4;
      return (char) Integer.parseInt(text.substring(at - 4, at), 16);
    }
    at--;
    throw expected("an escape");
  }

  private Number number() throws SyntaxException {
    int start = at;
    while (at < text.length() && "+-0123456789.eE".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    String digits = text.substring(start, at);
    if (!digits.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) {
      at = start;
      throw expected("a value");
    }
    try {
      return Long.valueOf(digits);
    } catch (NumberFormatException e) {
      return Double.valueOf(digits);
    }
  }
}
