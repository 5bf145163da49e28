package org.lathe.backends.tornadovm;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.lathe.backends.simt.bytecode.TornadoClass;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.ProgramPlan;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Step;
import org.lathe.hal.spec.KernelSpec;

/** A program with its kernels written; TornadoVM builds them at the first run of each command buffer. Any thread. */
final class TornadoPrepared implements Prepared {
  private final TornadoDevice device;
  private final ProgramPlan plan;
  private final Map<PlannedStep.Run, List<KernelTask>> tasks = new HashMap<>();

  TornadoPrepared(TornadoDevice device, ProgramPlan plan, Function<KernelSpec, Route> routes) {
    this.device = device;
    this.plan = plan;
    Engine engine = device.engine();
    String api = engine == null ? TornadoClass.API : engine.api().prefix();
    for (PlannedStep.Run run : plan.runs()) {
      Route route = routes.apply(run.dispatch().spec());
      tasks.put(run, run.plan().launches().stream()
          .map(l -> KernelTask.of(l, slots(run.dispatch(), l), route, headerBytes(), api)).toList());
    }
  }

  private List<Integer> slots(Step.Dispatch dispatch, Launch launch) {
    return launch.arguments().stream().map(a -> switch (a) {
      case Argument.Input(int operand) -> dispatch.inputs().get(operand).buffer();
      case Argument.Output(int operand) -> dispatch.outputs().get(operand).buffer();
      case Argument.Workspace(int number) -> program().buffers().size() + number;
      case Argument.Number _ -> -1;
    }).toList();
  }

  @Override
  public Program program() {
    return plan.program();
  }

  ProgramPlan plan() {
    return plan;
  }

  TornadoDevice device() {
    return device;
  }

  int headerBytes() {
    return device.facts().headerBytes();
  }

  List<KernelTask> tasks(PlannedStep.Run run) {
    return Objects.requireNonNull(tasks.get(run));
  }

  @Override
  public CommandBuffer record(List<BufferSlice> bindings) {
    Engine engine = device.engine();
    if (engine == null) {
      throw new DeviceUnavailable(
          "device " + device.info().id() + " is not there: it only shows its kernels", "'./lathe devices' says why");
    }
    return new TornadoCommandBuffer(this, engine, bindings);
  }

  @Override
  public List<KernelReport> kernels() {
    return plan.runs().stream().map(run -> new KernelReport(
        run.dispatch().label(), run.dispatch().spec().family(), variant(run),
        tasks(run).stream().map(KernelTask::text).distinct().collect(Collectors.joining("\n"))))
        .toList();
  }

  private String variant(PlannedStep.Run run) {
    String by = tasks(run).stream().map(t -> "by " + t.route().words()
        + t.unwritable().map(why -> " (as bytecode: " + why + ")").orElse("")).distinct()
        .collect(Collectors.joining(", then "));
    return by.isEmpty() ? run.plan().summary() : run.plan().summary() + ", " + by;
  }

  @Override
  public void close() {}
}
