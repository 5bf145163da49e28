package org.lathe.backends.aparapi;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lathe.backends.simt.program.Planner;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tunings;
import org.lathe.hal.DType;
import org.lathe.hal.device.Capabilities;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.Program;
import org.lathe.hal.spec.KernelSpec;

/** One device of Aparapi. Runs are synchronous: a submitted run has ended when {@code submit} returns. Any thread. */
final class AparapiDevice implements Device, Capabilities {
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
  public Capabilities capabilities() {
    return this;
  }

  @Override
  public Set<DType> dtypes() {
    EnumSet<DType> dtypes = EnumSet.allOf(DType.class);
    if (!engine.hasF64()) {
      dtypes.remove(DType.F64);
    }
    return dtypes;
  }

  @Override
  public Optional<String> refuses(KernelSpec spec) {
    return Schedules.refuses(spec, engine.traits(spec));
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
      return Device.super.prepareAll(programs);
    }
  }

  @Override
  public void close() {
    executables.close();
  }
}
