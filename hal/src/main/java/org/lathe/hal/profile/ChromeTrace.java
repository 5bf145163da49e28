package org.lathe.hal.profile;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lathe.hal.device.CommandBuffer.KernelTiming;

/**
 * Profiled runs in the trace event format that {@code chrome://tracing} and Perfetto open: one row for each track, one box
 * for each kernel. Not for several threads.
 */
public final class ChromeTrace {
  private record Track(String name, long startNanos, List<KernelTiming> timings) {}

  private final List<Track> tracks = new ArrayList<>();

  /**
   * Adds a row.
   *
   * @param name of the row: the device and the program
   * @param startNanos when the run began, on the time line of the whole trace
   */
  public ChromeTrace add(String name, long startNanos, List<KernelTiming> timings) {
    tracks.add(new Track(name, startNanos, List.copyOf(timings)));
    return this;
  }

  /** Writes the trace as JSON. */
  public void write(Writer out) throws IOException {
    out.write("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    String separator = "\n";
    for (int row = 0; row < tracks.size(); row++) {
      Track track = tracks.get(row);
      out.write(separator + "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":" + (row + 1)
          + ",\"args\":{\"name\":" + quote(track.name()) + "}}");
      separator = ",\n";
      for (KernelTiming t : track.timings()) {
        out.write(
            separator + "{\"ph\":\"X\",\"name\":" + quote(t.label().isEmpty() ? t.kernel() : t.label())
                + ",\"cat\":\"kernel\",\"pid\":1,\"tid\":" + (row + 1)
                + ",\"ts\":" + micros(track.startNanos() + t.startNanos()) + ",\"dur\":"
                + micros(t.endNanos() - t.startNanos())
                + ",\"args\":{\"dispatch\":" + t.dispatch() + ",\"kernel\":" + quote(t.kernel()) + "}}");
      }
    }
    out.write("\n]}\n");
  }

  /** Writes the trace to a file, beside and renamed. */
  public void save(Path file) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".tmp");
    try (Writer out = Files.newBufferedWriter(beside, StandardCharsets.UTF_8)) {
      write(out);
    }
    Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /** The format counts in microseconds. */
  private static String micros(long nanos) {
    return (nanos < 0 ? "-" : "") + Math.abs(nanos) / 1000
        + String.format(Locale.ROOT, ".%03d", Math.abs(nanos) % 1000);
  }

  private static String quote(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean pair = Character.isHighSurrogate(c) && i + 1 < s.length() && Character.isLowSurrogate(s.charAt(i + 1));
      if (pair) {
        b.append(c).append(s.charAt(++i));
      } else if (c == '"' || c == '\\') {
        b.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || Character.isSurrogate(c)) {
        b.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        b.append(c);
      }
    }
    return b.append('"').toString();
  }
}
