package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Peaks;
import org.lathe.hal.program.BufferDecl;
import org.lathe.models.bench.Workload;
import org.lathe.models.bench.Workloads;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Times models and ops on devices, side by side in one process. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Times models and workload rows: latency, FLOP/s, share of the device's measured peak, memory, compile time.")
final class BenchCommand implements Callable<Integer> {
  private static final int PROFILED_ROWS = 10;

  @Parameters(paramLabel = "NAME", arity = "0..*", description = "Models of the zoo, or rows of the workload table. None: a short suite.")
  private final List<String> names = new ArrayList<>();

  @Option(names = "--suite", paramLabel = "SUITE", description = "short (default), or workloads: every row.")
  private String suite = "short";

  @Option(names = "--devices", split = ",", paramLabel = "DEVICE", description = "Default: every device found.")
  private List<String> devices = List.of();

  @Option(names = "--seconds", paramLabel = "S", description = "How long to sample each row, and each round of its warm-up (default ${DEFAULT-VALUE}).")
  private double seconds = 1;

  @Option(names = "--profile", description = "Also says where the time goes, kernel by kernel, and writes a trace that Perfetto opens.")
  private boolean profile;

  @Option(names = "--no-peaks", description = "Leaves out the devices' peaks, and with them the rows' shares and the roofline: measuring them takes memory.")
  private boolean noPeaks;

  @Option(names = "--html", paramLabel = "FILE", description = "Also writes a report with the picture.")
  private @Nullable Path html;

  @Option(names = "--out", paramLabel = "DIR", description = "Where the picture and traces go (default ${DEFAULT-VALUE}).")
  private Path out = Path.of("out", "bench");

  @Mixin
  private final Binaries binaries = new Binaries();

  @Mixin
  private final Output output = new Output();

  private final List<Opened> opened = new ArrayList<>();
  private final List<Placed> placement = new ArrayList<>();

  /**
   * One timed row.
   *
   * @param bytes of all of its buffers
   * @param moved bytes that its kernels move in a run, see {@link Roofline#bytesMoved}
   */
  record Row(String id, String device, Stats stats, double gflops, @Nullable Double peakShare, long bytes, long moved,
      double compileMillis) {
    /** Operations for each byte moved. */
    double intensity() {
      return gflops * stats.median() * 1e6 / moved;
    }
  }

  /** A device that rows ran on, how long it took to open it, and its measured peaks where it has them. */
  record Opened(String id, double millis, @Nullable Peaks peaks) {
    @Override
    public String toString() {
      String text = id + ": opened in " + Units.significant(millis) + " ms";
      return peaks == null
          ? text
          : text + ", measured peak " + Units.significant(peaks.gflops()) + " GFLOP/s f32, copy "
              + Units.significant(peaks.bytesPerSecond() / 1e9) + " GB/s";
    }
  }

  private static @Nullable Peaks peaks(Lathe lathe, Progress progress) {
    progress.show("measuring " + lathe.device().info().id());
    return lathe.device().measurePeaks().orElse(null);
  }

  /** What the steps of a row were compiled to. */
  private record Placed(String id, List<Compilation> steps) {
    private Placed {
      steps = List.copyOf(steps);
    }
  }

  @Override
  public Integer call() throws IOException {
    output.open();
    List<Workload> work = chosen();
    if (!(seconds > 0)) {
      throw new CannotRun("--seconds " + seconds + ": expected a number above 0");
    }
    Files.createDirectories(out);
    List<String> on = devices.isEmpty() ? found() : devices;
    List<Lathe> lathes = new ArrayList<>();
    List<Row> rows = new ArrayList<>();
    try (Progress progress = new Progress("bench", (long) work.size() * on.size())) {
      for (String device : on) {
        long start = System.nanoTime();
        Lathe lathe = Lathe.on(device);
        double millis = (System.nanoTime() - start) / 1e6;
        lathes.add(lathe);
        opened.add(new Opened(lathe.device().info().id(), millis, noPeaks ? null : peaks(lathe, progress)));
      }
      for (Workload w : work) {
        for (int i = 0; i < lathes.size(); i++) {
          progress.show(w.id());
          rows.add(time(w, lathes.get(i), opened.get(i).peaks()));
          report(rows.getLast());
          progress.step();
        }
      }
    } finally {
      lathes.forEach(Lathe::close);
    }
    return finish(rows);
  }

  private List<Workload> chosen() {
    if (names.isEmpty()) {
      return switch (suite) {
        case "workloads" -> Workloads.all();
        case "short" -> WorkloadChoice.shortSuite();
        default -> throw new CannotRun("there is no suite '" + suite + "': choose short or workloads");
      };
    }
    List<Workload> work = new ArrayList<>();
    names.forEach(name -> work.addAll(WorkloadChoice.named(name)));
    return work;
  }

  /** Every device that can be opened. */
  static List<String> found() {
    List<String> ids = new ArrayList<>();
    for (Drivers.Listed listed : Drivers.installed().list()) {
      if (listed instanceof Drivers.Present(var info, var dtypes)) {
        ids.add(info.id());
      }
    }
    if (ids.isEmpty()) {
      throw new CannotRun("no device was found: ./lathe devices says why");
    }
    return ids;
  }

  private Row time(Workload w, Lathe lathe, @Nullable Peaks peaks) throws IOException {
    long start = System.nanoTime();
    try (Workload.Ready ready = w.setup().prepare(lathe, 1)) {
      double compile = ready.compilations().stream().mapToDouble(c -> c.times().total().toNanos() / 1e6).sum();
      placement.add(new Placed(w.id(), ready.compilations()));
      long bytes = 0;
      for (Compilation c : ready.compilations()) {
        bytes += c.program().buffers().stream().mapToLong(BufferDecl::bytes).sum();
      }
      Stats stats = new Measurement(1000 * seconds).run(ready::run);
      if (profile) {
        report(w.id(), lathe.device().info().id(), KernelShares.measure(ready));
      }
      double gflops = w.flops() / stats.median() / 1e6;
      Double share = peaks == null ? null : gflops / peaks.gflops();
      return new Row(w.id(), lathe.device().info().id(), stats, gflops, share, bytes,
          Roofline.bytesMoved(ready.compilations()), compile);
    }
  }

  private void report(String id, String device, KernelShares shares) throws IOException {
    List<KernelShares.KernelShare> all = shares.slowestFirst();
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("share", "us", "kernel", "of", "form"));
    for (KernelShares.KernelShare k : all) {
      output.event("kernel", Output.fields("id", id, "device", device, "kernel", k.kernel().kernel(), "label",
          k.kernel().label(), "variant", k.kernel().variant(), "us", k.micros(), "share", k.share()));
      if (table.size() <= PROFILED_ROWS) {
        table.add(List.of(Units.percent(k.share()), Units.significant(k.micros()), k.kernel().kernel(),
            k.kernel().label(), k.kernel().variant()));
      }
    }
    Path trace = out.resolve(id + "-" + device.replace(':', '-') + ".trace.json");
    shares.save(device, trace);
    output.text(id + " on " + device + ": " + all.size() + " kernels, the slowest:");
    output.table(table);
    output.text("trace: " + trace);
  }

  private void report(Opened device) {
    Map<String, Object> fields = Output.fields("id", device.id(), "open_ms", device.millis());
    if (device.peaks() != null) {
      fields.put("peak_gflops", device.peaks().gflops());
      fields.put("copy_gb_per_s", device.peaks().bytesPerSecond() / 1e9);
    }
    output.event("device", fields);
    output.text(device.toString());
  }

  private void report(Row r) {
    Map<String, Object> fields = Output.fields(
        "id", r.id(), "device", r.device(), "median_ms", r.stats().median(), "min_ms", r.stats().min(),
        "p90_ms", r.stats().p90(), "reps", r.stats().count(), "gflops", r.gflops());
    if (r.peakShare() != null) {
      fields.put("peak_share", r.peakShare());
    }
    fields.put("bytes", r.bytes());
    fields.put("moved_bytes", r.moved());
    fields.put("compile_ms", r.compileMillis());
    output.event("row", fields);
  }

  /** Where every kernel ran: in JSON kernel by kernel, as text their number on each device. */
  private void reportPlacement() {
    List<List<String>> table = new ArrayList<>(List.of(List.of("id", "kernels", "ran on")));
    for (Placed placed : placement) {
      Map<DeviceInfo, Integer> count = new LinkedHashMap<>();
      List<Map<String, Object>> kernels = new ArrayList<>();
      for (Compilation step : placed.steps()) {
        count.merge(step.device(), step.kernels().size(), Integer::sum);
        step.kernels().forEach(k -> kernels.add(Output.fields("step", step.name(), "kernel", k.kernel(), "label",
            k.label(), "device", step.device().id(), "form", k.variant())));
      }
      count.forEach((device, n) -> table.add(
          List.of(placed.id(), String.valueOf(n), device.id() + ", " + device.name())));
      output.event("placement", Output.fields("id", placed.id(), "kernels", kernels));
    }
    output.table(table);
  }

  private int finish(List<Row> rows) throws IOException {
    output.table(table(rows));
    reportPlacement();
    opened.forEach(this::report);
    Path picture = out.resolve("bench.png");
    BenchReport.picture(rows, picture);
    output.text("picture: " + picture);
    for (Opened device : opened) {
      if (device.peaks() != null) {
        Path roofline = out.resolve("roofline-" + device.id().replace(':', '-') + ".png");
        Roofline.picture(device.id(), device.peaks(), rows, roofline);
        output.text("roofline: " + roofline);
      }
    }
    if (html != null) {
      BenchReport.html(rows, opened, picture, html);
      output.text("report: " + html);
    }
    output.event("done", Output.fields("rows", rows.size(), "picture", picture.toString()));
    return 0;
  }

  static List<List<String>> table(List<Row> rows) {
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("id", "device", "median ms", "min ms", "p90 ms", "steps/s", "GFLOP/s", "of peak", "memory",
        "compile ms", "reps"));
    for (Row r : rows) {
      table.add(
          List.of(
              r.id(),
              r.device(),
              Units.significant(r.stats().median()),
              Units.significant(r.stats().min()),
              Units.significant(r.stats().p90()),
              Units.count(1000 / r.stats().median()),
              Units.significant(r.gflops()),
              r.peakShare() == null ? "-" : Units.percent(r.peakShare()),
              Units.bytes(r.bytes()),
              Units.significant(r.compileMillis()),
              String.valueOf(r.stats().count())));
    }
    return table;
  }
}
