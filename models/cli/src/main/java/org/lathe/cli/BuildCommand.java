package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.AheadOfTime;
import org.lathe.hal.device.DeviceName;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.program.Program;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepGraph;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compiles a model's programs ahead of time. */
@Command(name = "build", mixinStandardHelpOptions = true, description = "Compiles a model's training and inference ahead of time, as pipelines for FPGAs: sources, programs, manifest, report, the vendors' build lines.")
final class BuildCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", description = "A model of the zoo.")
  private String name = "";

  @Option(names = "--device", paramLabel = "DEVICE", required = true, description = "What to compile for: opencl-fpga.")
  private String device = "";

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "A new directory, an empty one, or one with a build, which is replaced.")
  private Path out = Path.of("");

  @Option(names = "--compile-with", paramLabel = "DEVICE", description = "Also makes a binary with this device's compiler, such as opencl:0, which then stands in for an FPGA.")
  private @Nullable String compiler;

  @Option(names = "--register", paramLabel = "FILE", description = "Builds nothing: takes in what a vendor's compiler made of the sources.")
  private @Nullable Path binary;

  @Mixin
  private final Output output = new Output();

  @Override
  public Integer call() throws IOException {
    output.open();
    ZooModel model = Names.model(name);
    if (binary != null && compiler != null) {
      throw new CannotRun("--register " + binary + " --compile-with " + compiler + ": ask for one at a time");
    }
    AheadOfTime target = Drivers.installed().named(DeviceName.parse(device).backend()).aheadOfTime().orElseThrow(
        () -> new CannotRun("--device " + device + ": it compiles programs as it runs them; build is for opencl-fpga"));
    if (binary != null) {
      return done(model, 0, 0, register(target, binary));
    }
    AheadOfTime.Built built = target.build(model.name(), programs(model, target), out);
    report(built);
    Path compiled = compiler == null ? null : compile(target, compiler);
    return done(model, built.files().size(), built.kernels().size(), compiled);
  }

  /** Every program that training, running and benchmarks compile, each once. */
  private List<Program> programs(ZooModel model, AheadOfTime target) {
    List<Step> steps = model.allSteps();
    Set<Program> programs = new LinkedHashSet<>();
    try (Progress progress = new Progress("build", steps.size())) {
      for (Step step : steps) {
        progress.show(step.name());
        StepGraph g = step.trace();
        programs.add(Lathe.program(g.graph(), target.capabilities(), g.donations()));
        progress.step();
      }
    }
    return new ArrayList<>(programs);
  }

  private void report(AheadOfTime.Built built) {
    for (AheadOfTime.KernelFigures k : built.kernels()) {
      output.text(k.text());
      Map<String, Object> fields = new LinkedHashMap<>(k.figures());
      fields.putIfAbsent("kernel", k.kernel());
      output.event("kernel", fields);
    }
    for (Path file : built.files()) {
      output.event("file", Output.fields("file", file.toString()));
    }
    output.text(built.files().size() + " files in " + out + "; programs and their shares are in report.txt");
  }

  private Path compile(AheadOfTime target, String with) throws IOException {
    Path file = target.compile(out, with);
    output.text(file + ": compiled by " + with + ", which stands in for an FPGA");
    output.event("binary", Output.fields("file", file.toString(), "compiler", with));
    return file;
  }

  private Path register(AheadOfTime target, Path from) throws IOException {
    Path file = target.register(out, from);
    output.text(file + ": registered");
    output.event("binary", Output.fields("file", file.toString()));
    return file;
  }

  private int done(ZooModel model, int files, int kernels, @Nullable Path compiled) {
    Map<String, Object> fields = Output.fields(
        "model", model.name(), "device", device, "out", out.toString(), "files", files, "kernels", kernels);
    if (compiled != null) {
      fields.put("binary", compiled.toString());
      output.text("run it with --device opencl-fpga --binaries " + out);
    }
    output.event("done", fields);
    return 0;
  }
}
