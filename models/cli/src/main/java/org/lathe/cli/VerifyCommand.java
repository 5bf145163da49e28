package org.lathe.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.conformance.CheckResult;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.conformance.GraphCheck;
import org.lathe.conformance.OpChecks;
import org.lathe.models.train.GradientCheck;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.ZooModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compares devices with the float64 oracle: single ops, and models' whole training steps. */
@Command(name = "verify", mixinStandardHelpOptions = true, description = "Compares every device with the float64 oracle. Exit code 1: a difference was found.")
final class VerifyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", arity = "0..*", description = "Models: their training and inference steps. None, without --ops: all.")
  private final List<String> names = new ArrayList<>();

  @Option(names = "--all", description = "Every model, also together with --ops.")
  private boolean all;

  @Option(names = "--family", paramLabel = "FAMILY", description = "The models of this family.")
  private @Nullable String family;

  @Option(names = "--ops", description = "Every op: element types, awkward shapes, NaN and infinities, gradients.")
  private boolean ops;

  @Option(names = "--devices", split = ",", paramLabel = "DEVICE", description = "Default: every device found.")
  private List<String> devices = List.of();

  @Option(names = "--bisect", description = "On a difference, names the first node that diverges.")
  private boolean bisect;

  @Option(names = "--junit", paramLabel = "FILE", description = "Also writes the results in JUnit's XML form.")
  private @Nullable Path junit;

  @Mixin
  private final Binaries binaries = new Binaries();

  @Mixin
  private final Output output = new Output();

  /** Stands for a device in checks that run in the oracle alone. */
  private static final String ORACLE = "oracle";

  private final List<CheckResult> results = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    output.open();
    List<ZooModel> models = models();
    List<String> on = devices.isEmpty() ? BenchCommand.found() : devices;
    List<String> ids = new ArrayList<>();
    verifyGradients(models);
    for (String device : on) {
      try (Lathe lathe = Lathe.on(device)) {
        ids.add(lathe.device().info().id());
        if (ops) {
          verifyOps(lathe);
        }
        verifyModels(models, lathe);
      }
    }
    return finish(ids);
  }

  private List<ZooModel> models() {
    if (!names.isEmpty() && (all || family != null)) {
      throw new CannotRun(
          "verify " + String.join(" ", names) + ": name models, or ask for --all or a --family, not both");
    }
    if (family != null) {
      return Names.family(family);
    }
    if (!names.isEmpty()) {
      return names.stream().map(Names::model).toList();
    }
    return ops && !all ? List.of() : Zoo.models();
  }

  private void verifyOps(Lathe lathe) {
    List<OpChecks.Check> checks = new OpChecks(lathe, expectedSkips(lathe)).checks().toList();
    try (Progress progress = new Progress("ops on " + lathe.device().info().id(), checks.size())) {
      for (OpChecks.Check check : checks) {
        progress.show(check.op());
        add(check.run());
        progress.step();
      }
    }
    output.text(lathe.device().info().id() + ": " + checks.size() + " checks of " + Ops.all().size() + " ops");
  }

  /** What the backend's registration says of it, where there is one. */
  private static List<ConformanceTarget.ExpectedSkip> expectedSkips(Lathe lathe) {
    String backend = lathe.device().info().backend();
    for (ConformanceTarget target : java.util.ServiceLoader.load(ConformanceTarget.class)) {
      if (target.name().equals(backend)) {
        return target.expectedSkips();
      }
    }
    return List.of();
  }

  /** Gradients are a property of the graph: they are checked once, in float64, whatever the devices. */
  private void verifyGradients(List<ZooModel> models) {
    for (ZooModel model : models) {
      ZooModel.GradientReport report = model.checkGradients(1);
      report.skipped().forEach(
          (step, reason) -> add(new CheckResult.Skipped(
              ORACLE, model.name() + "/gradient of " + step, ConformanceTarget.Category.BY_DESIGN, reason)));
      for (GradientCheck.Result r : report.results()) {
        String detail = r.passed()
            ? ""
            : "the gradient's slope is " + r.byGradient() + ", by finite differences " + r.byDifference();
        add(new CheckResult.Compared(
            ORACLE, model.name() + "/gradient of " + r.group(), r.error(), r.tolerance(), r.passed(), detail));
      }
    }
  }

  private void verifyModels(List<ZooModel> models, Lathe lathe) {
    String device = lathe.device().info().id();
    try (Progress progress = new Progress("models on " + device, models.size())) {
      for (ZooModel model : models) {
        progress.show(model.name());
        for (ZooModel.Verification v : model.verifications()) {
          verify(model.name() + "/" + v.what(), v, lathe, device);
        }
        progress.step();
      }
    }
  }

  private void verify(String name, ZooModel.Verification v, Lathe lathe, String device) {
    GraphCheck check = new GraphCheck(v.graph(), v.inputs());
    boolean passed = true;
    for (GraphCheck.Result r : check.run(lathe, v.donations())) {
      String detail = r.passed() ? "" : "error " + r.maxError() + " where " + r.tolerance() + " is allowed";
      add(new CheckResult.Compared(device, name + "/" + r.what(), r.maxError(), r.tolerance(), r.passed(), detail));
      passed &= r.passed();
    }
    if (!passed && bisect) {
      Optional<Node> first = check.firstDivergence(lathe);
      output.text(
          name + ": " + first.map(n -> "the first node that diverges is " + n)
              .orElse("no node diverges when all values are kept: the difference is in the fused program"));
    }
  }

  private void add(CheckResult result) {
    results.add(result);
    switch (result) {
      case CheckResult.Compared c -> {
        output.event("check", Output.fields(
            "device", c.device(), "what", c.what(), "max_error", c.maxError(), "tolerance", c.tolerance(), "passed",
            c.passed()));
        if (!c.passed()) {
          output.text("FAILED " + c.device() + " " + c.what() + ": " + c.detail());
        }
      }
      case CheckResult.Skipped s -> {
        output.event("skip", Output.fields(
            "device", s.device(), "what", s.what(), "category", s.category().name().toLowerCase(java.util.Locale.ROOT),
            "reason", s.reason()));
        output.text("skipped " + s.device() + " " + s.what() + ": " + s.reason());
      }
    }
  }

  private int finish(List<String> ids) throws IOException {
    long skipped = results.stream().filter(r -> r instanceof CheckResult.Skipped).count();
    long failed = results.stream().filter(r -> r instanceof CheckResult.Compared c && !c.passed()).count();
    long checks = results.size() - skipped;
    if (junit != null) {
      JunitReport.write(results, junit);
    }
    output.text(checks + " checks, " + failed + " failed, " + skipped + " skipped on " + String.join(", ", ids));
    output.event("done", Output.fields("checks", checks, "failed", failed, "skipped", skipped, "devices", ids));
    if (checks == 0) {
      throw new CannotRun("nothing was checked: every check was skipped, or there was none");
    }
    return failed > 0 ? 1 : 0;
  }
}
