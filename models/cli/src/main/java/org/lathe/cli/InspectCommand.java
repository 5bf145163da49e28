package org.lathe.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphText;
import org.lathe.compiler.lower.LoweredGraph;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.CompileOptions;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.AheadOfTime;
import org.lathe.hal.device.AheadOfTime.KernelFigures;
import org.lathe.hal.device.AheadOfTime.Listing;
import org.lathe.hal.device.DeviceName;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceName;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Prepared.KernelReport;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Role;
import org.lathe.hal.text.ProgramText;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepGraph;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what the compiler made of a model's training step. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows what the compiler did with a model's steps at the batch size of its training; without a choice, a summary of all.")
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", description = "A model of the zoo.")
  private String name = "";

  @Option(names = "--graph", description = "The traced graph, with the source line of each node.")
  private boolean graph;

  @Option(names = "--passes", description = "What each pass did.")
  private boolean passes;

  @Option(names = "--kernels", description = "The kernels that run, how, from which lines they come, and their source.")
  private boolean kernels;

  @Option(names = "--program", description = "The whole program, in the form that parses back.")
  private boolean program;

  @Option(names = "--device", paramLabel = "DEVICE", description = "Default: the best one. For opencl-fpga, what ./lathe build would make; no device and no binaries are needed.")
  private String device = "";

  @Mixin
  private final Output output = new Output();

  private record PassRun(String pass, int before, int after, double millis) {}

  /** A step as compiled: its kernels, with what to expect of each one's pipeline where it is one. */
  private record Shown(
      LoweredGraph lowered, List<Listing> kernels, long scratchBytes, String summary) {}

  @Override
  public Integer call() throws IOException {
    output.open();
    ZooModel model = Names.model(name);
    Optional<AheadOfTime> target = device.isEmpty()
        ? Optional.empty()
        : Drivers.installed().named(DeviceName.parse(device).backend()).aheadOfTime();
    if (target.isPresent()) {
      show(model, device, (step, options) -> listed(target.get(), step, options));
    } else {
      try (Lathe lathe = device.isEmpty() ? Lathe.best() : onDeviceOrExample()) {
        show(model, lathe.device().info().id(), (step, options) -> compiled(lathe, step, options));
      }
    }
    output.event("done", Output.fields("model", model.name()));
    return 0;
  }

  /** On the device, as it runs. */
  private static Shown compiled(Lathe lathe, StepGraph step, CompileOptions options) {
    try (Compiled compiled = lathe.compile(step.graph(), options)) {
      Compilation c = compiled.compilation(step.graph().inputTypes());
      return new Shown(
          c.lowered(), c.kernels().stream().map(k -> new Listing(k, List.of())).toList(), c.scratchBytes(),
          c.toString());
    }
  }

  /** As it would be built, without a device. */
  private static Shown listed(AheadOfTime target, StepGraph step, CompileOptions options) {
    LoweredGraph lowered = Lathe.lower(step.graph(), target.capabilities(), options);
    long scratch = lowered.program().buffers().stream().filter(b -> b.role() == Role.SCRATCH)
        .mapToLong(BufferDecl::bytes).sum();
    return new Shown(
        lowered, target.list(lowered.program()), scratch,
        "as ./lathe build makes them; what is said of pipelines is expected by a model of the compilers");
  }

  private void show(ZooModel model, String on, BiFunction<StepGraph, CompileOptions, Shown> compile) {
    boolean all = !graph && !passes && !kernels && !program;
    Blueprint plan = model.blueprint(model.batch());
    List<Step> steps = new ArrayList<>(plan.training());
    steps.add(plan.inference());
    for (Step traced : steps) {
      StepGraph step = traced.trace();
      List<PassRun> runs = new ArrayList<>();
      CompileOptions options = CompileOptions.DEFAULT.withDonations(step.donations()).withObserver(
          (pass, before, after, nanos) -> runs.add(
              new PassRun(pass.name(), before.nodes().size(), after.nodes().size(), nanos / 1e6)));
      Shown shown = compile.apply(step, options);
      output.text("== " + model.name() + "/" + step.name() + " on " + on);
      if (graph || all) {
        showGraph(model.name() + "/" + step.name(), step.graph());
      }
      if (passes || all) {
        showPasses(runs);
      }
      if (kernels || all) {
        showKernels(shown);
      }
      if (program) {
        output.text(ProgramText.print(shown.lowered().program()));
      }
    }
  }

  /** The device, or where it is not there what its backend shows instead. */
  private Lathe onDeviceOrExample() {
    try {
      return Lathe.on(device);
    } catch (DeviceUnavailable e) {
      Driver driver = Drivers.installed().named(DeviceName.parse(device).backend());
      Device example = driver.example().orElseThrow(() -> e);
      Output.note(e.reason() + "; shown is what " + example.info().name() + " would run");
      return Lathe.over(example);
    }
  }

  private void showGraph(String what, Graph g) {
    output.text(GraphText.print(g, GraphText.Style.SHORT));
    output.event("graph",
        Output.fields("what", what, "nodes", g.nodes().size(), "text", GraphText.print(g, GraphText.Style.SHORT)));
  }

  private void showPasses(List<PassRun> runs) {
    List<List<String>> rows = new ArrayList<>(List.of(List.of("pass", "nodes before", "nodes after", "ms")));
    for (PassRun r : runs) {
      rows.add(List.of(r.pass(), String.valueOf(r.before()), String.valueOf(r.after()), Units.significant(r.millis())));
      output.event("pass",
          Output.fields("pass", r.pass(), "nodes_before", r.before(), "nodes_after", r.after(), "ms", r.millis()));
    }
    output.table(rows);
    output.text("");
  }

  private void showKernels(Shown shown) {
    List<List<String>> rows = new ArrayList<>(List.of(List.of("#", "kernel", "computes", "variant")));
    int i = 0;
    for (Listing listing : shown.kernels()) {
      KernelReport k = listing.report();
      rows.add(List.of(String.valueOf(i), k.kernel(), k.label(), k.variant()));
      Map<String, Object> fields = Output.fields(
          "index", i, "kernel", k.kernel(), "label", k.label(), "variant", k.variant(), "source", k.source());
      if (!listing.kernels().isEmpty()) {
        fields.put("pipelines", listing.kernels().stream().map(KernelFigures::figures).toList());
      }
      output.event("kernel", fields);
      i++;
    }
    output.table(rows);
    output.text(
        i + " kernels; scratch " + Units.bytes(shown.scratchBytes()) + ", the least that is alive at once "
            + Units.bytes(shown.lowered().peakLiveBytes()) + "; " + shown.summary());
    if (kernels) {
      Set<String> sources = new HashSet<>(Set.of(""));
      shown.kernels().stream().filter(k -> sources.add(k.report().source())).forEach(this::showSource);
    }
    output.text("");
  }

  private void showSource(Listing listing) {
    KernelReport k = listing.report();
    output.text("\n-- " + k.kernel() + " " + k.label());
    listing.kernels().forEach(f -> f.text().lines().forEach(line -> output.text("// " + line)));
    output.text(k.source());
  }
}
