package org.lathe.bench;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Peaks;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * JMH's command line with the allocation profiler on, and after it a table with FLOP/s and the share of the device's
 * measured peak. With {@code --check-allocation}, a benchmark that allocates in its steady state is an error: where C2
 * gives up inlining, a kernel boxes every vector, and nothing but its allocation shows why it is slow.
 *
 * <p>Exit codes: 0 good, 1 a benchmark allocates, 2 could not run.
 */
public final class Main {
  /**
   * Room for what JMH and the JVM's own threads allocate in an iteration: an empty program showed about 95 kB in a fork's
   * last iteration; training steps whose own threads were seen to allocate nothing showed up to 340 kB. A kernel that
   * boxes its vectors allocates megabytes in every run.
   */
  private static final double HARNESS_BYTES_PER_ITERATION = 512 * 1024;

  private static final double ALLOWED_BYTES_PER_RUN = 8;

  private Main() {}

  public static void main(String[] args) {
    int code;
    try {
      code = run(args);
    } catch (NoBenchmarksException e) {
      System.err.println("No benchmark has a name that matches; -l lists them");
      code = 2;
    } catch (RunnerException | CommandLineOptionException | IOException e) {
      System.err.println(e.getMessage());
      code = 2;
    }
    System.exit(code);
  }

  private static int run(String[] args) throws RunnerException, CommandLineOptionException, IOException {
    boolean check = Arrays.asList(args).contains("--check-allocation");
    String[] rest = Arrays.stream(args).filter(a -> !a.equals("--check-allocation")).toArray(String[]::new);
    CommandLineOptions line = new CommandLineOptions(rest);
    if (line.shouldHelp()) {
      line.showHelp();
      return 0;
    }
    if (line.shouldList()) {
      new Runner(line).list();
      return 0;
    }
    Options options = new OptionsBuilder().parent(line).addProfiler(GCProfiler.class).shouldFailOnError(true).build();
    return report(new Runner(options).run()) && check ? 1 : 0;
  }

  /** Prints the table and returns whether any benchmark allocates. */
  private static boolean report(Collection<RunResult> results) {
    boolean allocates = false;
    System.out.printf(Locale.ROOT, "%n%-40s %12s %10s %8s %12s%n", "benchmark", "us", "GFLOP/s", "of peak",
        "bytes/run");
    String measured = "";
    OptionalDouble peak = OptionalDouble.empty();
    for (RunResult r : results) {
      String device = r.getParams().getParam("device");
      if (!device.equals(measured)) {
        peak = peak(device);
        measured = device;
      }
      double micros = r.getPrimaryResult().getScore();
      String workload = r.getParams().getParam("workload");
      String step = r.getParams().getParam("step");
      double gflops = workload != null
          ? KernelWorkload.of(workload).spec().operations() / micros / 1e3
          : step != null ? StepBenchmark.workload(step).flops() / micros / 1e3 : 0;
      Result<?> norm = r.getSecondaryResults().get("gc.alloc.rate.norm");
      double bytes = norm == null ? Double.NaN : norm.getScore();
      boolean over = !(bytes <= allowed(r, micros));
      allocates |= over;
      String name = workload != null ? workload : step != null ? step : r.getPrimaryResult().getLabel();
      System.out.printf(Locale.ROOT, "%-40s %12.2f %10s %8s %12.1f%s%n", name + " " + device, micros,
          gflops == 0 ? "" : String.format(Locale.ROOT, "%.1f", gflops),
          gflops == 0 || peak.isEmpty()
              ? ""
              : String.format(Locale.ROOT, "%.0f%%", 100 * gflops / peak.getAsDouble()),
          bytes, over ? "  allocates" : "");
    }
    return allocates;
  }

  private static double allowed(RunResult r, double micros) {
    var time = r.getParams().getMeasurement().getTime();
    double runs = Math.max(1, time.convertTo(TimeUnit.MICROSECONDS) / micros);
    return ALLOWED_BYTES_PER_RUN + HARNESS_BYTES_PER_ITERATION / runs;
  }

  private static OptionalDouble peak(String id) {
    try (Device device = Devices.open(id)) {
      return device.measurePeaks().map(Peaks::gflops).map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }
  }
}
