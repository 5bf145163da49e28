package org.lathe.backends.aparapi;

import java.util.List;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.program.SimtDevice;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.spec.KernelSpec;

/** One device of Aparapi. Runs are synchronous: a submitted run has ended when {@code submit} returns. Any thread. */
final class AparapiDevice extends SimtDevice {
  private final Engine engine;
  private final DeviceInfo info;
  private final ArenaAllocator allocator;
  private final Planner planner;
  private final Executables executables;

  AparapiDevice(int index, Engine engine) {
    this.engine = engine;
    this.allocator = engine.newMemory();
    this.info = engine.describe(index, allocator.budget());
    this.planner = new Planner(engine::traits, Tunings.GUESS, !allocator.isOnHeap());
    this.executables = new Executables(engine);
  }

  Engine engine() {
    return engine;
  }

  Executables executables() {
    return executables;
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  protected Traits traits(KernelSpec spec) {
    return engine.traits(spec);
  }

  @Override
  protected boolean hasF64() {
    return engine.hasF64();
  }

  @Override
  public ArenaAllocator allocator() {
    return allocator;
  }

  @Override
  public Prepared prepare(Program program) {
    return new AparapiPrepared(this, planner.plan(program));
  }

  /** Compiles the kernels of all programs together first, so that each program then finds its own. */
  @Override
  public List<Prepared> prepareAll(List<Program> programs) {
    try (Executables.Lease compiled = executables.lease()) {
      compiled.take(programs.stream().flatMap(p -> AparapiPrepared.requests(this, planner.plan(p)).stream()).toList());
      return super.prepareAll(programs);
    }
  }

  @Override
  public void close() {
    executables.close();
  }
}
