package org.lathe.backends.simt.tune;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.spec.KernelSpec;

/**
 * The choices that Lathe ships for kinds of devices, where nothing was measured. A line of the resource {@code
 * defaults.txt} names a kind of device, a kind of kernel, and some choices by name: a kernel takes the first of its
 * candidates that has all the choices of a line, of the first line that has any.
 */
final class TuningDefaults {
  private static final String RESOURCE = "defaults.txt";

  private static final class Shipped {
    static final TuningDefaults INSTANCE = read();

    private static TuningDefaults read() {
      try (InputStream in = TuningDefaults.class.getResourceAsStream(RESOURCE)) {
        if (in == null) {
          throw new IllegalStateException("the resource " + RESOURCE + " is missing from Lathe's jar");
        }
        return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private record Line(String device, String kernel, Map<String, Integer> choices) {}

  private final List<Line> lines;

  private TuningDefaults(List<Line> lines) {
    this.lines = List.copyOf(lines);
  }

  static TuningDefaults shipped() {
    return Shipped.INSTANCE;
  }

  static TuningDefaults parse(String text) {
    List<Line> lines = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String content = line.replaceFirst("#.*", "").strip();
      if (content.isEmpty()) {
        continue;
      }
      String[] words = content.split(" +", 3);
      if (words.length < 3) {
        throw new IllegalArgumentException("'" + line + "' is not: device kernel choices");
      }
      lines.add(new Line(words[0], words[1], Tuning.parse(words[2]).choices()));
    }
    return new TuningDefaults(lines);
  }

  /**
   * The shipped choice among the candidates, if there is one.
   *
   * @param kinds what the device is, the most exact first
   */
  Optional<Tuning> choose(KernelSpec spec, List<Tuning> candidates, List<String> kinds) {
    String kernel = spec.family().toLowerCase(Locale.ROOT);
    for (String kind : kinds) {
      for (Line line : lines) {
        if (!line.device().equals(kind) || !line.kernel().equals(kernel)) {
          continue;
        }
        for (Tuning t : candidates) {
          if (t.choices().entrySet().containsAll(line.choices().entrySet())) {
            return Optional.of(t);
          }
        }
      }
    }
    return Optional.empty();
  }
}
