package org.lathe.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the JSON lines of any number of rounds and prints one Markdown row per workload, each peer at its best set-up.
 */
public final class Table {
  private Table() {}

  /** All rounds of one row in one set-up: the median of their medians, the least minimum, the worst p90. */
  private record Cell(String config, double median, double min, double p90, double low, double high, int reps,
      double lossFirst, double lossLast) {
    static Cell of(String config, List<Matcher> rounds) {
      double[] m = rounds.stream().mapToDouble(r -> Double.parseDouble(r.group("median"))).sorted().toArray();
      double min = rounds.stream().mapToDouble(r -> Double.parseDouble(r.group("min"))).min().orElseThrow();
      double p90 = rounds.stream().mapToDouble(r -> Double.parseDouble(r.group("p90"))).max().orElseThrow();
      int reps = rounds.stream().mapToInt(r -> Integer.parseInt(r.group("reps"))).sum();
      Matcher first = rounds.get(0);
      return new Cell(config, (m[(m.length - 1) / 2] + m[m.length / 2]) / 2, min, p90, m[0], m[m.length - 1], reps,
          number(first.group("l0")), number(first.group("l1")));
    }

    private static double number(String s) {
      return s == null ? Double.NaN : Double.parseDouble(s);
    }

    /** Spread within the rounds (min to p90), and how far the rounds' medians lie apart. */
    String spread() {
      return String.format(Locale.ROOT, "%s–%s, ±%.0f%%", ms(min), ms(p90), 50 * (high - low) / median);
    }
  }

  private static final Pattern LINE = Pattern
      .compile("\\{\"peer\":\"(?<peer>[^\"]*)\",\"config\":\"(?<config>[^\"]*)\",\"id\":\"(?<id>[^\"]*)\","
          + "\"median_ms\":(?<median>[^,]*),\"min_ms\":(?<min>[^,]*),\"p90_ms\":(?<p90>[^,]*),\"reps\":(?<reps>\\d+),\"flops\":(?<flops>\\d+)"
          + "(,\"loss_first\":(?<l0>[^,]*),\"loss_last\":(?<l1>[^}]*))?\\}");

  public static void main(String[] files) throws IOException {
    Map<String, Map<String, Map<String, List<Matcher>>>> byPeer = new LinkedHashMap<>();
    for (String f : files)
      for (String line : Files.readAllLines(Path.of(f))) {
        Matcher m = LINE.matcher(line);
        if (!m.matches()) throw new IOException(f + ": not a result line: " + line);
        byPeer.computeIfAbsent(m.group("peer"), k -> new LinkedHashMap<>())
            .computeIfAbsent(m.group("id"), k -> new LinkedHashMap<>())
            .computeIfAbsent(m.group("config"), k -> new ArrayList<>()).add(m);
      }
    var pytorch = byPeer.getOrDefault("pytorch", Map.of());
    var ort = byPeer.getOrDefault("onnxruntime", Map.of());
    System.out.println(
        "Milliseconds; median of the rounds' medians, in brackets min–p90 and half the distance between the rounds' medians. GF/s from the median.");
    System.out.println();
    System.out.println("| id | PyTorch | set-up | spread | GF/s | loss | ONNX Runtime | set-up | spread | GF/s |");
    System.out.println("|---|--:|---|---|--:|---|--:|---|---|--:|");
    for (String id : Work.FLOPS.keySet()) {
      if (!pytorch.containsKey(id) && !ort.containsKey(id)) continue;
      Cell p = best(pytorch.get(id)), o = best(ort.get(id));
      System.out.printf(Locale.ROOT, "| %s | %s | %s | %s |%n", id, columns(p, id),
          p == null || Double.isNaN(p.lossFirst)
              ? ""
              : String.format(Locale.ROOT, "%.4g→%.4g", p.lossFirst, p.lossLast),
          columns(o, id));
    }
    System.out.println();
    System.out.println("Every PyTorch set-up:");
    System.out.println();
    String[] configs = pytorch.values().stream().flatMap(m -> m.keySet().stream()).map(c -> c.replaceAll("/.*", ""))
        .distinct().toArray(String[]::new);
    System.out.println("| id | form | " + String.join(" | ", configs) + " |");
    System.out.println("|---|---|" + "--:|".repeat(configs.length));
    for (String id : Work.FLOPS.keySet()) {
      var row = pytorch.get(id);
      if (row == null) continue;
      for (String form : row.keySet().stream().map(c -> c.contains("/") ? c.substring(c.indexOf('/')) : "").distinct()
          .toList())
        System.out.println("| " + id + " | " + (form.isEmpty() ? "" : form.substring(1)) + " | "
            + String.join(" | ",
                Arrays.stream(configs)
                    .map(c -> row.containsKey(c + form) ? ms(Cell.of(c, row.get(c + form)).median) : "").toList())
            + " |");
    }
  }

  private static Cell best(Map<String, List<Matcher>> configs) {
    if (configs == null) return null;
    return configs.entrySet().stream().map(e -> Cell.of(e.getKey(), e.getValue()))
        .min(Comparator.comparingDouble(Cell::median)).orElse(null);
  }

  private static String columns(Cell c, String id) {
    if (c == null) return " | | | ";
    return String.format(Locale.ROOT, "**%s** | %s | %s | %s", ms(c.median), c.config, c.spread(),
        rate(Work.FLOPS.get(id) / c.median / 1e6));
  }

  private static String rate(double g) {
    return g < 1 ? String.format(Locale.ROOT, "%.2g", g) : String.format(Locale.ROOT, "%.0f", g);
  }

  private static String ms(double v) {
    return String.format(Locale.ROOT, v < 0.1 ? "%.4f" : v < 10 ? "%.3f" : v < 100 ? "%.2f" : "%.1f", v);
  }
}
