package org.lathe.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.Tunable;
import org.lathe.hal.device.Tunable.Tuned;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.models.bench.Workload;
import org.lathe.models.train.StepGraph;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Finds by measuring which form of each kernel is fastest on a device, and keeps that for later. */
@Command(name = "tune", mixinStandardHelpOptions = true, description = "Searches tile sizes by measuring each kernel's forms on the device; later commands use the best. Run it beside nothing else.")
final class TuneCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", arity = "0..*", description = "Models of the zoo, for their training and inference, or rows of the workload table. None: the rows of the short suite.")
  private final List<String> names = new ArrayList<>();

  @Option(names = "--device", paramLabel = "DEVICE", required = true, description = "Such as opencl:0.")
  private String device = "";

  @Mixin
  private final Output output = new Output();

  /** A kernel, where it was first met, and how many dispatches of one run of everything named are of it. */
  private static final class Found {
    final String label;
    double runs;

    Found(String label) {
      this.label = label;
    }
  }

  @Override
  public Integer call() throws IOException {
    output.open();
    try (Lathe lathe = Lathe.on(device)) {
      Tunable tuner = lathe.device().tunable().orElseThrow(
          () -> new CannotRun("--device " + device + ": its kernels have no choices to tune"));
      Map<KernelSpec, Found> kernels = new LinkedHashMap<>();
      for (Program p : programs(lathe)) {
        collect(p.steps(), 1, kernels);
      }
      return tune(tuner, kernels);
    }
  }

  private List<Program> programs(Lathe lathe) {
    List<Program> programs = new ArrayList<>();
    for (String name : names) {
      ZooModel model = Zoo.find(name).orElse(null);
      if (model == null) {
        WorkloadChoice.named(name).forEach(w -> programs.addAll(programs(w, lathe)));
        continue;
      }
      for (var step : model.allSteps()) {
        StepGraph g = step.trace();
        programs.add(Lathe.program(g.graph(), lathe.device().capabilities(), g.donations()));
      }
    }
    if (names.isEmpty()) {
      WorkloadChoice.shortSuite().forEach(w -> programs.addAll(programs(w, lathe)));
    }
    return programs;
  }

  private static List<Program> programs(Workload w, Lathe lathe) {
    try (Workload.Ready ready = w.setup().prepare(lathe, 1)) {
      return ready.compilations().stream().map(Compilation::program).toList();
    }
  }

  private static void collect(List<Step> steps, double runs, Map<KernelSpec, Found> into) {
    for (Step step : steps) {
      switch (step) {
        case Step.Dispatch d -> into.computeIfAbsent(d.spec(), s -> new Found(d.label())).runs += runs;
        case Step.Loop(long trips, List<Step> body) -> collect(body, runs * trips, into);
        case Step.Branch(var predicate, List<Step> then, List<Step> otherwise) -> {
          collect(then, runs, into);
          collect(otherwise, runs, into);
        }
      }
    }
  }

  private int tune(Tunable tuner, Map<KernelSpec, Found> kernels) {
    List<List<String>> rows = new ArrayList<>(
        List.of(List.of("kernel", "computes", "forms", "before us", "after us", "gain", "form")));
    List<Map.Entry<KernelSpec, Found>> open = kernels.entrySet().stream().filter(e -> tuner.choices(e.getKey()) > 1)
        .toList();
    double before = 0;
    double after = 0;
    int better = 0;
    try (Progress progress = new Progress("tune", open.size())) {
      for (Map.Entry<KernelSpec, Found> e : open) {
        String kernel = e.getKey().getClass().getSimpleName();
        progress.show(kernel);
        Tuned t = tuner.tune(e.getKey());
        Found found = e.getValue();
        before += t.beforeMicros() * found.runs;
        after += t.afterMicros() * found.runs;
        better += t.before().equals(t.after()) ? 0 : 1;
        rows.add(List.of(
            kernel, found.label, String.valueOf(t.tried()), Units.significant(t.beforeMicros()),
            Units.significant(t.afterMicros()), Units.percent(t.beforeMicros() / t.afterMicros() - 1), t.after()));
        output.event("kernel", Output.fields(
            "kernel", kernel, "label", found.label, "forms", t.tried(), "before", t.before(), "before_us",
            t.beforeMicros(), "after", t.after(), "after_us", t.afterMicros(), "discarded", t.discarded()));
        t.discarded().forEach(d -> Output.note(kernel + " " + found.label + ": discarded " + d));
        progress.step();
      }
    }
    output.table(rows);
    output.text(
        kernels.size() + " kernels, " + open.size() + " with a choice, " + better + " of them changed; these together "
            + Units.significant(before / 1000) + " ms before and " + Units.significant(after / 1000) + " ms after");
    output.event("done", Output.fields(
        "device", device, "kernels", kernels.size(), "tuned", open.size(), "changed", better, "before_ms",
        before / 1000,
        "after_ms", after / 1000));
    return 0;
  }
}
