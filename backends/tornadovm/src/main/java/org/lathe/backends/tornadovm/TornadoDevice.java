package org.lathe.backends.tornadovm;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.program.SimtDevice;
import org.lathe.backends.simt.schedule.Candidates;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.backends.simt.tune.DeviceLaboratory;
import org.lathe.backends.simt.tune.TunedDevice;
import org.lathe.backends.simt.tune.Tuner;
import org.lathe.backends.simt.tune.TuningStore;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Tunable;
import org.lathe.hal.program.Program;
import org.lathe.hal.spec.KernelSpec;

/**
 * One OpenCL device through TornadoVM. Runs are synchronous: a submitted run has ended when {@code submit} returns. Any
 * thread; runs of all devices take turns.
 */
final class TornadoDevice extends SimtDevice {
  private final Facts facts;
  private final DeviceInfo info;
  private final @Nullable Engine engine;
  private final TornadoAllocator allocator;
  private final TuningStore tunings;
  private final Planner planner;
  private final @Nullable Route asked;

  /** @param engine null for a device that is not there, and only shows its kernels */
  TornadoDevice(Facts facts, DeviceInfo info, @Nullable Engine engine, @Nullable Route asked) {
    this.facts = facts;
    this.info = info;
    this.engine = engine;
    this.asked = asked;
    this.allocator = new TornadoAllocator(engine == null ? null : engine.api(), info.memoryBytes(),
        facts.maxBufferBytes());
    this.tunings = TuningStore.of(
        new TunedDevice(info.name() + " through TornadoVM", "", info.version(), facts.traits().form()),
        this::candidates);
    this.planner = planner(tunings);
  }

  private Planner planner(Tunings forms) {
    return new Planner(_ -> facts.traits(), forms, facts.aligned());
  }

  /** The forms of a kernel by each route that may be taken, the best guess first. */
  private List<Tuning> candidates(KernelSpec spec, Traits traits) {
    List<Tuning> forms = Candidates.SCHEDULES.of(spec, traits);
    List<Route> routes = asked != null
        ? List.of(asked)
        : facts.hasBytecode() ? List.of(Route.OPENCL, Route.BYTECODE) : List.of(Route.OPENCL);
    return routes.stream().flatMap(r -> forms.stream().map(r::in)).toList();
  }

  @Nullable
  Engine engine() {
    return engine;
  }

  Facts facts() {
    return facts;
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  protected Traits traits(KernelSpec spec) {
    return facts.traits();
  }

  @Override
  protected boolean hasF64() {
    return facts.traits().hasF64();
  }

  @Override
  public TornadoAllocator allocator() {
    return allocator;
  }

  @Override
  public Prepared prepare(Program program) {
    return new TornadoPrepared(this, planner.plan(program), routes(tunings));
  }

  private Function<KernelSpec, Route> routes(Tunings forms) {
    return spec -> Route.of(forms.choose(spec, facts.traits()));
  }

  /** Measures the tile sizes by each route. */
  @Override
  public Optional<Tunable> tunable() {
    if (engine == null) {
      return Optional.empty();
    }
    DeviceLaboratory laboratory = new DeviceLaboratory(
        allocator, (program, forms) -> new TornadoPrepared(this, planner(forms).plan(program), routes(forms)));
    return Optional.of(new Tuner(facts.traits(), tunings, laboratory, planner::forget));
  }

  @Override
  public void close() {}
}
