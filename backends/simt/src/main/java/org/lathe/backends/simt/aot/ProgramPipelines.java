package org.lathe.backends.simt.aot;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.pipeline.KernelPipeline;
import org.lathe.backends.simt.pipeline.LoopPipeline;
import org.lathe.backends.simt.pipeline.PipelineAnalysis;
import org.lathe.backends.simt.pipeline.PipelineText;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.ProgramPlan;

/** The report of a build: what to expect of each kernel's pipeline, and of whole programs, as text and as JSON. */
final class ProgramPipelines {
  /** What the estimates in seconds take for the clock; boards reach 200 to 400 MHz. */
  private static final double HERTZ = 300e6;

  private final Map<Launch, KernelPipeline> launches = new LinkedHashMap<>();
  private final Map<String, Set<String>> independent = new LinkedHashMap<>();
  private final List<ProgramReport> programs = new ArrayList<>();

  /** One dispatch: its cycles are of all its launches, each time that it runs. */
  private record DispatchReport(String label, String spec, List<KernelPipeline> kernels, double cycles, double runs) {}

  private record ProgramReport(String name, List<DispatchReport> dispatches) {
    double cycles() {
      return dispatches.stream().mapToDouble(d -> d.cycles() * d.runs()).sum();
    }
  }

  ProgramPipelines(List<ProgramPlan> plans) {
    for (ProgramPlan plan : plans) {
      List<DispatchReport> dispatches = new ArrayList<>();
      collect(plan.steps(), 1, dispatches);
      programs.add(new ProgramReport(plan.program().name(), dispatches));
    }
  }

  private void collect(List<PlannedStep> steps, double runs, List<DispatchReport> into) {
    for (PlannedStep step : steps) {
      switch (step) {
        case PlannedStep.Run run -> {
          List<KernelPipeline> kernels = run.plan().launches().stream().map(this::analyse).toList();
          into.add(new DispatchReport(
              run.dispatch().label(), run.dispatch().spec().family(), kernels,
              kernels.stream().mapToDouble(KernelPipeline::cycles).sum(), runs));
        }
        case PlannedStep.Loop loop -> collect(loop.body(), runs * loop.trips(), into);
        case PlannedStep.Branch branch -> {
          collect(branch.then(), runs, into);
          collect(branch.otherwise(), runs, into);
        }
      }
    }
  }

  /** The launches of one kernel differ in numbers and in what is bound; a loop is independent if it is so in all. */
  private KernelPipeline analyse(Launch launch) {
    Launch alike = new Launch(
        launch.kernel(), launch.global(),
        launch.arguments().stream()
            .<Argument>map(a -> a instanceof Argument.Number n
                ? n
                : new Argument.Input(0))
            .toList());
    KernelPipeline p = launches.computeIfAbsent(alike, PipelineAnalysis::of);
    independent.merge(p.kernel(), p.independent(), (a, b) -> {
      Set<String> both = new LinkedHashSet<>(a);
      both.retainAll(b);
      return both;
    });
    return p;
  }

  /** For each kernel the loops whose iterations do not meet in memory. */
  Map<String, Set<String>> independent() {
    return independent;
  }

  /** Each kernel once; of its launches the longest. */
  List<KernelPipeline> kernels() {
    Map<String, KernelPipeline> longest = new LinkedHashMap<>();
    launches.values().forEach(p -> longest.merge(p.kernel(), p, (a, b) -> a.cycles() >= b.cycles() ? a : b));
    return List.copyOf(longest.values());
  }

  String text(String name) {
    StringBuilder out = new StringBuilder();
    out.append("Pipelines of ").append(name).append(": what a model of the compilers expects, at ")
        .append(Math.round(HERTZ / 1e6)).append(" MHz. No compiler was asked.\n");
    for (ProgramReport p : programs) {
      out.append(
          String.format(Locale.ROOT, "\nprogram %s: %.3g cycles, %.3g ms\n", p.name(), p.cycles(), millis(p.cycles())));
      for (DispatchReport d : p.dispatches()) {
        out.append(String.format(Locale.ROOT, "  %5.1f%%  %s %s%s: %s\n",
            100 * d.cycles() * d.runs() / Math.max(1, p.cycles()), d.spec(), d.label(),
            d.runs() == 1 ? "" : String.format(Locale.ROOT, " x %.0f", d.runs()),
            String.join(", ", d.kernels().stream().map(KernelPipeline::kernel).toList())));
      }
    }
    out.append('\n');
    kernels().forEach(k -> out.append(PipelineText.print(k)));
    return out.toString();
  }

  private static double millis(double cycles) {
    return cycles / HERTZ * 1e3;
  }

  Map<String, Object> json(String name) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("name", name);
    all.put("megahertz", HERTZ / 1e6);
    all.put("programs", programs.stream().map(p -> {
      Map<String, Object> program = new LinkedHashMap<>();
      program.put("name", p.name());
      program.put("cycles", p.cycles());
      program.put("milliseconds", millis(p.cycles()));
      program.put("dispatches", p.dispatches().stream().map(ProgramPipelines::json).toList());
      return program;
    }).toList());
    all.put("kernels", kernels().stream().map(ProgramPipelines::json).toList());
    return all;
  }

  private static Map<String, Object> json(DispatchReport d) {
    Map<String, Object> dispatch = new LinkedHashMap<>();
    dispatch.put("label", d.label());
    dispatch.put("spec", d.spec());
    dispatch.put("runs", d.runs());
    dispatch.put("cycles", d.cycles());
    dispatch.put("kernels", d.kernels().stream().map(KernelPipeline::kernel).toList());
    return dispatch;
  }

  static Map<String, Object> json(KernelPipeline k) {
    Map<String, Object> kernel = new LinkedHashMap<>();
    kernel.put("kernel", k.kernel());
    kernel.put("cycles", k.cycles());
    kernel.put("on_chip_bytes", k.onChipBytes());
    kernel.put("register_bytes", k.registerBytes());
    kernel.put("bytes_read", k.bytesRead());
    kernel.put("bytes_written", k.bytesWritten());
    kernel.put("notes", k.notes());
    kernel.put("loops", k.loops().stream().map(ProgramPipelines::json).toList());
    return kernel;
  }

  private static Map<String, Object> json(LoopPipeline l) {
    Map<String, Object> loop = new LinkedHashMap<>();
    loop.put("counters", l.counters());
    loop.put("kind", l.kind().name().toLowerCase(Locale.ROOT));
    loop.put("depth", l.depth());
    loop.put("trips_known", l.trips().known());
    loop.put("trips_least", l.trips().least());
    loop.put("trips_most", l.trips().most());
    loop.put("trips_mean", l.trips().mean());
    loop.put("interval", l.interval());
    loop.put("latency", l.latency());
    loop.put("reason", l.reason());
    loop.put("cycles", l.cycles());
    loop.put("entries", l.entries());
    return loop;
  }

  /** Every kernel of the plans, once. */
  static List<Kernel> kernels(List<ProgramPlan> plans) {
    Map<String, Kernel> all = new LinkedHashMap<>();
    plans.forEach(p -> p.kernels().forEach(k -> all.put(k.name(), k)));
    return List.copyOf(all.values());
  }
}
