package org.lathe.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphText;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.CompileOptions;
import org.lathe.compiler.runtime.Compiled;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.Prepared.KernelReport;
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
@Command(name = "inspect", mixinStandardHelpOptions = true,
    description = "Shows what the compiler did with a model's steps at the batch size of its training; without a choice, a summary of all.")
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

  @Option(names = "--device", paramLabel = "DEVICE", description = "Default: the best one.")
  private String device = "";

  @Mixin
  private final Binaries binaries = new Binaries();

  @Mixin
  private final Output output = new Output();

  private record PassRun(String pass, int before, int after, double millis) {}

  @Override
  public Integer call() throws IOException {
    output.open();
    ZooModel model = Names.model(name);
    boolean all = !graph && !passes && !kernels && !program;
    List<PassRun> runs = new ArrayList<>();
    try (Lathe lathe = device.isEmpty() ? Lathe.best() : Lathe.on(device)) {
      Blueprint plan = model.blueprint(model.batch());
      List<Step> steps = new ArrayList<>(plan.training());
      steps.add(plan.inference());
      for (Step traced : steps) {
        StepGraph step = traced.trace();
        runs.clear();
        CompileOptions options =
            CompileOptions.DEFAULT.withDonations(step.donations()).withObserver(
                (pass, before, after, nanos) -> runs.add(
                    new PassRun(pass.name(), before.nodes().size(), after.nodes().size(), nanos / 1e6)));
        try (Compiled compiled = lathe.compile(step.graph(), options)) {
          Compilation c = compiled.compilation(step.graph().inputTypes());
          output.text("== " + model.name() + "/" + step.name() + " on " + lathe.device().info().id());
          if (graph || all) {
            showGraph(model.name() + "/" + step.name(), step.graph());
          }
          if (passes || all) {
            showPasses(runs);
          }
          if (kernels || all) {
            showKernels(c);
          }
          if (program) {
            output.text(ProgramText.print(c.program()));
          }
        }
      }
    }
    output.event("done", Output.fields("model", model.name()));
    return 0;
  }

  private void showGraph(String what, Graph g) {
    output.text(GraphText.print(g, GraphText.Style.SHORT));
    output.event("graph", Output.fields("what", what, "nodes", g.nodes().size(), "text", GraphText.print(g, GraphText.Style.SHORT)));
  }

  private void showPasses(List<PassRun> runs) {
    List<List<String>> rows = new ArrayList<>(List.of(List.of("pass", "nodes before", "nodes after", "ms")));
    for (PassRun r : runs) {
      rows.add(List.of(r.pass(), String.valueOf(r.before()), String.valueOf(r.after()), Units.significant(r.millis())));
      output.event("pass", Output.fields("pass", r.pass(), "nodes_before", r.before(), "nodes_after", r.after(), "ms", r.millis()));
    }
    output.table(rows);
    output.text("");
  }

  private void showKernels(Compilation c) {
    List<List<String>> rows = new ArrayList<>(List.of(List.of("#", "kernel", "computes", "variant")));
    int i = 0;
    for (KernelReport k : c.kernels()) {
      rows.add(List.of(String.valueOf(i), k.kernel(), k.label(), k.variant()));
      output.event("kernel", Output.fields("index", i, "kernel", k.kernel(), "label", k.label(), "variant", k.variant(), "source", k.source()));
      i++;
    }
    output.table(rows);
    output.text(
        i + " kernels; scratch " + Units.bytes(c.scratchBytes()) + ", the least that is alive at once "
            + Units.bytes(c.peakLiveBytes()) + "; " + c);
    if (kernels) {
      Set<String> shown = new HashSet<>(Set.of(""));
      c.kernels().stream().filter(k -> shown.add(k.source())).forEach(
          k -> output.text("\n-- " + k.kernel() + " " + k.label() + "\n" + k.source()));
    }
    output.text("");
  }
}
