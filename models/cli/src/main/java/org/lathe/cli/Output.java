package org.lathe.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Stack;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * Where a command's results go: text for people, or one JSON object a line, to standard output or a file. With JSON on
 * standard output no text goes there. Progress and warnings go to standard error.
 */
final class Output {
  @Option(names = "--json", paramLabel = "FILE", arity = "0..1", parameterConsumer = FileIfNamed.class, description = "One JSON object a line, the last with \"event\":\"done\": to standard output, or to FILE (*.json, *.jsonl).")
  private @Nullable String json;

  private @Nullable PrintStream lines;

  /** Takes the next word as a file only if it looks like one, so that {@code --json NAME} still names a model. */
  static final class FileIfNamed implements CommandLine.IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> arguments, ArgSpec option, CommandSpec command) {
      String next = arguments.isEmpty() ? "" : arguments.peek();
      boolean file = next.endsWith(".json") || next.endsWith(".jsonl");
      option.setValue(file ? arguments.pop() : "");
    }
  }

  /** Opens the file, if one was named, before any work is done. */
  void open() throws IOException {
    if (json == null) {
      return;
    }
    lines = json.isEmpty()
        ? System.out
        : new PrintStream(Files.newOutputStream(Path.of(json)), true, StandardCharsets.UTF_8);
  }

  /** Whether text for people belongs on standard output. */
  boolean isText() {
    return json == null || !json.isEmpty();
  }

  /** A line for people. */
  void text(String line) {
    if (isText()) {
      System.out.println(line);
    }
  }

  /** A table for people: the first row is its head; numbers stand to the right. */
  void table(List<List<String>> rows) {
    if (isText()) {
      Table.print(rows, System.out);
    }
  }

  /** A JSON line, if they are wanted. Values that JSON has no form for, NaN and infinities, are given as null. */
  void event(String name, Map<String, ?> fields) {
    if (lines == null) {
      return;
    }
    Map<String, @Nullable Object> all = new LinkedHashMap<>();
    all.put("event", name);
    fields.forEach((k, v) -> all.put(k, v instanceof Number n && !Double.isFinite(n.doubleValue()) ? null : v));
    try {
      lines.println(JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES).asString(all));
    } catch (IOException e) {
      throw new IllegalStateException("the event " + all + " has no JSON form", e);
    }
    if (lines.checkError()) {
      throw new CannotRun("the JSON lines cannot be written" + (json == null || json.isEmpty() ? "" : " to " + json));
    }
  }

  /** Fields in the order given: name, value, name, value, ... */
  static Map<String, Object> fields(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }

  /** A note for the user that is not a result. */
  static void note(String line) {
    System.err.println(line);
  }
}
