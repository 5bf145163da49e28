package org.lathe.peers;

import com.fasterxml.jackson.jr.ob.JSON;
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
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Reads the JSON lines of any number of rounds and prints one Markdown row per workload: Lathe, and each peer at its best
 * set-up. Where Lathe is among them the last line compares it with the better peer.
 */
public final class Table {
  private static final List<String> PEERS = List.of("pytorch", "onnxruntime");

  /** By peer, row and set-up. */
  private final Map<String, Map<String, Map<String, List<Round>>>> rounds = new LinkedHashMap<>();
  /** Of Lathe, by row: its kernels in the last round, the slowest first. */
  private final Map<String, List<Map<String, Object>>> kernels = new LinkedHashMap<>();
  /** Kernels come before the row that they belong to. */
  private List<Map<String, Object>> nextRow = new ArrayList<>();

  public static void main(String[] files) throws IOException {
    Table table = new Table();
    for (String f : files) {
      for (String line : Files.readAllLines(Path.of(f))) {
        table.add(line);
      }
    }
    table.lines().forEach(System.out::println);
  }

  void add(String line) throws IOException {
    Map<String, Object> fields = JSON.std.mapFrom(line);
    Object event = fields.getOrDefault("event", "row");
    if (event.equals("row")) {
      Round r = Round.of(fields);
      rounds.computeIfAbsent(r.peer(), k -> new LinkedHashMap<>()).computeIfAbsent(r.id(), k -> new LinkedHashMap<>())
          .computeIfAbsent(r.config(), k -> new ArrayList<>()).add(r);
      if (r.peer().equals(Round.LATHE)) {
        kernels.put(r.id(), nextRow);
        nextRow = new ArrayList<>();
      }
    } else if (event.equals("kernel")) {
      nextRow.add(fields);
    }
  }

  private Optional<Rounds> best(String peer, String id) {
    return rounds.getOrDefault(peer, Map.of()).getOrDefault(id, Map.of()).entrySet().stream()
        .map(e -> new Rounds(e.getKey(), e.getValue())).min(Rounds.fastestFirst());
  }

  private List<String> rows() {
    return Work.FLOPS.keySet().stream()
        .filter(id -> rounds.values().stream().anyMatch(byId -> byId.containsKey(id))).toList();
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>(List.of(
        "Milliseconds; median of the rounds' medians, then min–p90 and half the distance between the rounds' medians. GF/s from the median.",
        "",
        "| id | Lathe | spread | GF/s | of peak | PyTorch | set-up | spread | GF/s | loss | ONNX Runtime | set-up | spread | GF/s | better peer / Lathe |",
        "|---|--:|---|--:|--:|--:|---|---|--:|---|--:|---|---|--:|--:|"));
    for (String id : rows()) {
      Optional<Rounds> lathe = best(Round.LATHE, id);
      Optional<Rounds> pytorch = best("pytorch", id);
      lines.add(String.format(Locale.ROOT, "| %s | %s | %s | %s | %s | %s | %s |", id,
          lathe.map(r -> bold(r) + " | " + r.spread() + " | " + rate(r, id)).orElse(" | | "),
          lathe.map(Table::peak).orElse(""), columns(pytorch, id), pytorch.map(Table::loss).orElse(""),
          columns(best("onnxruntime", id), id), ratio(id).map(Ratio::toString).orElse("")));
    }
    lines.add("");
    lines.add("Every PyTorch set-up:");
    lines.add("");
    lines.addAll(setUps(rounds.getOrDefault("pytorch", Map.of())));
    summary().ifPresent(s -> lines.addAll(List.of("", s)));
    return lines;
  }

  private static List<String> setUps(Map<String, Map<String, List<Round>>> pytorch) {
    List<String> configs = pytorch.values().stream().flatMap(m -> m.keySet().stream()).map(c -> c.replaceAll("/.*", ""))
        .distinct().toList();
    List<String> lines = new ArrayList<>(List.of(
        "| id | form | " + String.join(" | ", configs) + " |", "|---|---|" + "--:|".repeat(configs.size())));
    for (String id : Work.FLOPS.keySet()) {
      Map<String, List<Round>> row = pytorch.getOrDefault(id, Map.of());
      row.keySet().stream().map(c -> c.contains("/") ? c.substring(c.indexOf('/')) : "").distinct().forEach(form ->
          lines.add("| " + id + " | " + (form.isEmpty() ? "" : form.substring(1)) + " | "
              + configs.stream()
                  .map(c -> row.containsKey(c + form) ? ms(new Rounds(c, row.get(c + form)).median()) : "")
                  .collect(Collectors.joining(" | "))
              + " |"));
    }
    return lines;
  }

  /**
   * How many times as long as Lathe the better peer takes: the median over the rounds, its least and largest, and by the
   * least times of all rounds, which other users of the machine touch least.
   */
  record Ratio(String id, String peer, double median, double low, double high, double least) {
    @Override
    public String toString() {
      return String.format(Locale.ROOT, "**%.2f** (%.2f–%.2f)", median, low, high);
    }
  }

  /** Empty unless Lathe and a peer ran the row. A round of one is compared with the same round of the other. */
  Optional<Ratio> ratio(String id) {
    Optional<Rounds> lathe = best(Round.LATHE, id);
    Optional<Map.Entry<String, Rounds>> peer = PEERS.stream()
        .flatMap(p -> best(p, id).map(r -> Map.entry(p, r)).stream())
        .min(Comparator.comparing(Map.Entry::getValue, Rounds.fastestFirst()));
    if (lathe.isEmpty() || peer.isEmpty()) {
      return Optional.empty();
    }
    List<Round> own = lathe.get().all();
    List<Round> other = peer.get().getValue().all();
    double[] ratios = IntStream.range(0, Math.min(own.size(), other.size()))
        .mapToDouble(i -> other.get(i).median() / own.get(i).median()).toArray();
    return Optional.of(new Ratio(id, peer.get().getKey(), Rounds.median(ratios),
        Arrays.stream(ratios).min().orElseThrow(), Arrays.stream(ratios).max().orElseThrow(),
        leastOfPeers(id) / lathe.get().min()));
  }

  private double leastOfPeers(String id) {
    return PEERS.stream().flatMap(p -> rounds.getOrDefault(p, Map.of()).getOrDefault(id, Map.of()).entrySet().stream())
        .mapToDouble(e -> new Rounds(e.getKey(), e.getValue()).min()).min().orElseThrow();
  }

  private static double mean(List<Ratio> ratios, ToDoubleFunction<Ratio> of) {
    return Math.exp(ratios.stream().mapToDouble(r -> Math.log(of.applyAsDouble(r))).average().orElseThrow());
  }

  /** The geometric mean of the ratios, the worst row, and where its time goes; empty if nothing can be compared. */
  Optional<String> summary() {
    List<Ratio> ratios = rows().stream().flatMap(id -> ratio(id).stream()).toList();
    if (ratios.isEmpty()) {
      return Optional.empty();
    }
    Ratio worst = ratios.stream().min(Comparator.comparingDouble(Ratio::median)).orElseThrow();
    long slower = ratios.stream().filter(r -> r.median() < 1).count();
    return Optional.of(String.format(Locale.ROOT,
        "Geometric mean of %d rows: the better peer takes %.2f times as long as Lathe (%.2f by the least times); it is faster in %d. Worst: %s, %s (%s)%s.",
        ratios.size(), mean(ratios, Ratio::median), mean(ratios, Ratio::least), slower, worst.id(), worst, worst.peer(), where(worst.id())));
  }

  private String where(String id) {
    List<String> slowest = kernels.getOrDefault(id, List.of()).stream().limit(3)
        .map(k -> String.format(Locale.ROOT, "%.0f%% in %s %s", 100 * Round.number(k, "share"), k.get("kernel"), k.get("label")))
        .toList();
    String peak = best(Round.LATHE, id).map(Table::peak).filter(p -> !p.isEmpty()).map(p -> ", at " + p + " of the peak")
        .orElse("");
    return slowest.isEmpty() ? peak : peak + ": " + String.join(", ", slowest);
  }

  private static String columns(Optional<Rounds> found, String id) {
    return found.map(r -> bold(r) + " | " + r.config() + " | " + r.spread() + " | " + rate(r, id)).orElse(" | | | ");
  }

  private static String loss(Rounds r) {
    Round first = r.all().getFirst();
    return Double.isNaN(first.lossFirst())
        ? ""
        : String.format(Locale.ROOT, "%.4g→%.4g", first.lossFirst(), first.lossLast());
  }

  private static String bold(Rounds r) {
    return "**" + ms(r.median()) + "**";
  }

  private static String peak(Rounds r) {
    double share = Rounds.median(r.all().stream().mapToDouble(Round::peakShare).toArray());
    return Double.isNaN(share) ? "" : String.format(Locale.ROOT, "%.0f%%", 100 * share);
  }

  private static String rate(Rounds r, String id) {
    double g = Work.FLOPS.get(id) / r.median() / 1e6;
    return String.format(Locale.ROOT, g < 1 ? "%.2g" : "%.0f", g);
  }

  static String ms(double v) {
    return String.format(Locale.ROOT, v < 0.1 ? "%.4f" : v < 10 ? "%.3f" : v < 100 ? "%.2f" : "%.1f", v);
  }
}
