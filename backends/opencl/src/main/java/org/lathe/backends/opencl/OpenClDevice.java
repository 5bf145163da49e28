package org.lathe.backends.opencl;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.backends.simt.aot.PipelineTarget;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.program.ProgramPlan;
import org.lathe.backends.simt.program.SimtDevice;
import org.lathe.backends.simt.tune.DeviceLaboratory;
import org.lathe.backends.simt.tune.TunedDevice;
import org.lathe.backends.simt.tune.Tuner;
import org.lathe.backends.simt.tune.TuningStore;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Peaks;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Tunable;
import org.lathe.hal.program.Program;
import org.lathe.hal.spec.KernelSpec;

/** One OpenCL device. Its context and queues are made when it is first used. Any thread. */
final class OpenClDevice extends SimtDevice {
  /** Work items in lockstep on most GPUs, for those that do not say. */
  private static final int USUAL_WARP = 32;
  private static final int MOST_PARAMETERS = 255;

  private final ClDevice device;
  private final Options options;
  private final DeviceInfo info;
  private final Traits traits;
  private final TuningStore tunings;
  private final Planner planner;
  private final OpenClAllocator allocator;
  private @Nullable Session session;
  private boolean closed;

  OpenClDevice(int index, ClDevice device, Options options) {
    DeviceProperties p = device.properties();
    this.device = device;
    this.options = options;
    this.info = new DeviceInfo(
        options.prebuilt() == null ? OpenClDriver.NAME : FpgaDriver.NAME,
        index,
        switch (p.kind()) {
          case GPU -> DeviceInfo.Kind.GPU;
          case CPU -> DeviceInfo.Kind.CPU;
          case ACCELERATOR -> DeviceInfo.Kind.ACCELERATOR;
        },
        p.name() + " (" + p.platform() + ")",
        p.driver(),
        p.computeUnits(),
        options.budget());
    this.traits = options.prebuilt() == null ? traits(p, options.form()) : PipelineTarget.TRAITS;
    this.tunings = TuningStore
        .of(new TunedDevice(p.name(), p.vendor(), p.platform() + " " + p.driver(), traits.form()));
    this.planner = options.prebuilt() == null ? new Planner(traits, tunings) : PipelineTarget.planner();
    this.allocator = new OpenClAllocator(options, p.baseAlignment(), this::session);
  }

  /** What schedules ask of a device. */
  private static Traits traits(DeviceProperties p, Traits.Form form) {
    int lockstep = p.lockstep() > 1 || form != Traits.Form.GPU ? p.lockstep() : USUAL_WARP;
    // A buffer and its offset take 8 bytes each; a few numbers beside them have to fit as well.
    int parameters = (int) Math.min(MOST_PARAMETERS, (p.parameterBytes() - 64) / 16);
    return new Traits(
        form,
        p.computeUnits(),
        p.floatLanes(),
        lockstep,
        p.maxGroup(),
        p.localBytes(),
        parameters,
        p.hasF64());
  }

  Traits traits() {
    return traits;
  }

  /** What the driver gave us, once it was needed. */
  synchronized Session session() {
    if (closed) {
      throw new IllegalStateException("device " + info.id() + " is used after it was closed");
    }
    if (session == null) {
      session = Session.open(info.id(), device, options);
    }
    return session;
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  protected Traits traits(KernelSpec spec) {
    return traits;
  }

  @Override
  protected boolean hasF64() {
    return traits.hasF64();
  }

  @Override
  public OpenClAllocator allocator() {
    return allocator;
  }

  @Override
  public Prepared prepare(Program program) {
    return prepare(planner.plan(program));
  }

  private Prepared prepare(ProgramPlan plan) {
    Session s = session();
    s.checkAlive();
    try {
      return new OpenClPrepared(this, plan, s.kernels().acquire(plan.kernels()));
    } catch (ClException e) {
      throw s.failed(e, 0, allocator.freeBytes());
    }
  }

  /** Compiles the kernels of all programs together first, so that each program then finds its own. */
  @Override
  public List<Prepared> prepareAll(List<Program> programs) {
    Set<Kernel> kernels = new LinkedHashSet<>();
    programs.forEach(p -> kernels.addAll(planner.plan(p).kernels()));
    Session s = session();
    s.checkAlive();
    try (KernelStore.Lease compiled = s.kernels().acquire(kernels)) {
      return super.prepareAll(programs);
    } catch (ClException e) {
      throw s.failed(e, 0, allocator.freeBytes());
    }
  }

  /** What is prebuilt has its forms already. */
  @Override
  public Optional<Tunable> tunable() {
    if (options.prebuilt() != null) {
      return Optional.empty();
    }
    DeviceLaboratory laboratory = new DeviceLaboratory(
        allocator, (program, forms) -> prepare(new Planner(traits, forms).plan(program)));
    return Optional.of(new Tuner(traits, tunings, laboratory, planner::forget));
  }

  /** Nothing where only prebuilt kernels run: the probe's are compiled. */
  @Override
  public Optional<Peaks> measurePeaks() {
    if (options.prebuilt() != null) {
      return Optional.empty();
    }
    Session s = session();
    s.checkAlive();
    try {
      return Optional.of(PeakProbe.measure(s, allocator));
    } catch (ClException e) {
      throw s.failed(e, 0, allocator.freeBytes());
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    allocator.close();
    if (session != null) {
      session.close();
    }
  }
}
