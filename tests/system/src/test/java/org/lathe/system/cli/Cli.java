package org.lathe.system.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.cli.Main;

/** Runs command lines in this JVM. */
final class Cli {
  private Cli() {}

  /** What a command line left behind. */
  record Run(int code, String out, String err) {
    /** The events on standard output, of which the last is {@code done}. */
    List<Map<String, Object>> events() throws IOException {
      List<Map<String, Object>> events = new ArrayList<>();
      for (String line : out.lines().toList()) {
        events.add(JSON.std.mapFrom(line));
      }
      assertFalse(events.isEmpty(), err);
      assertEquals("done", events.getLast().get("event"), out);
      return events;
    }

    List<Map<String, Object>> events(String name) throws IOException {
      return events().stream().filter(e -> e.get("event").equals(name)).toList();
    }

    Run succeeds() {
      assertEquals(0, code, () -> out + err);
      return this;
    }

    /** Exit code 2 and one line on standard error, which holds {@code part}. */
    void refuses(String part) {
      assertEquals(2, code, () -> out + err);
      assertEquals(1, err.lines().count(), err);
      assertTrue(err.contains(part), () -> "expected '" + part + "' in: " + err);
    }
  }

  /** In this JVM. Tests that call it do not run side by side. */
  static Run run(Object... arguments) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream newOut = new ByteArrayOutputStream();
    ByteArrayOutputStream newErr = new ByteArrayOutputStream();
    System.setOut(new PrintStream(newOut, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(newErr, true, StandardCharsets.UTF_8));
    try {
      int code = Main.run(strings(arguments));
      return new Run(code, newOut.toString(StandardCharsets.UTF_8), newErr.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  private static String[] strings(Object[] arguments) {
    List<String> strings = new ArrayList<>();
    for (Object a : arguments) {
      strings.add(a.toString());
    }
    return strings.toArray(String[]::new);
  }
}
