package org.lathe.backends.simt.aot;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The fields of a JSON object, each of the type that is expected of it. */
final class ManifestFields {
  private final Map<?, ?> fields;

  /** Reads one object. */
  interface Reader<T> {
    T read(ManifestFields fields) throws Json.SyntaxException;
  }

  private ManifestFields(Map<?, ?> fields) {
    this.fields = fields;
  }

  static ManifestFields parse(String text) throws Json.SyntaxException {
    return of("the whole", Json.parse(text));
  }

  private static ManifestFields of(String what, @Nullable Object value) throws Json.SyntaxException {
    if (value instanceof Map<?, ?> map) {
      return new ManifestFields(map);
    }
    throw new Json.SyntaxException(what + " is no object");
  }

  String text(String name) throws Json.SyntaxException {
    if (fields.get(name) instanceof String s) {
      return s;
    }
    throw new Json.SyntaxException("'" + name + "' is no text");
  }

  long number(String name) throws Json.SyntaxException {
    if (fields.get(name) instanceof Long n) {
      return n;
    }
    throw new Json.SyntaxException("'" + name + "' is no whole number");
  }

  ManifestFields object(String name) throws Json.SyntaxException {
    return of("'" + name + "'", fields.get(name));
  }

  List<String> texts(String name) throws Json.SyntaxException {
    List<String> texts = new ArrayList<>();
    for (Object item : list(name)) {
      if (!(item instanceof String s)) {
        throw new Json.SyntaxException("'" + name + "' holds something that is no text");
      }
      texts.add(s);
    }
    return texts;
  }

  <T> List<T> each(String name, Reader<T> reader) throws Json.SyntaxException {
    List<T> all = new ArrayList<>();
    for (Object item : list(name)) {
      all.add(reader.read(of("an item of '" + name + "'", item)));
    }
    return all;
  }

  private List<?> list(String name) throws Json.SyntaxException {
    if (fields.get(name) instanceof List<?> list) {
      return list;
    }
    throw new Json.SyntaxException("'" + name + "' is no list");
  }
}
