package org.lathe.backends.aparapi;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.ProgramPlan;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;

/** A program with its kernels compiled and its constants in memory. Any thread. */
final class AparapiPrepared implements Prepared {
  private final AparapiDevice device;
  private final ProgramPlan plan;
  private final Executables.Lease kernels;
  private final List<@Nullable ArenaBuffer> constants = new ArrayList<>();

  AparapiPrepared(AparapiDevice device, ProgramPlan plan) {
    this.device = device;
    this.plan = plan;
    this.kernels = device.executables().lease();
    try {
      kernels.take(requests(device, plan));
      for (BufferDecl declaration : plan.program().buffers()) {
        constants.add(constant(declaration));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The kernels of a plan, where each of the program's buffers has an array of its own. */
  static List<Request> requests(AparapiDevice device, ProgramPlan plan) {
    return plan.runs().stream().flatMap(run -> requests(device, run).stream()).toList();
  }

  private static List<Request> requests(AparapiDevice device, PlannedStep.Run run) {
    Route route = device.engine().route();
    return run.plan().launches().stream()
        .map(l -> new Request(l.kernel(), Arenas.expected(run.dispatch(), l), route)).toList();
  }

  private @Nullable ArenaBuffer constant(BufferDecl declaration) {
    if (declaration.data() == null) {
      return null;
    }
    ArenaBuffer buffer = device.allocator().allocate(declaration.bytes());
    buffer.write(0, MemorySegment.ofArray(declaration.data().toArray()));
    return buffer;
  }

  @Override
  public Program program() {
    return plan.program();
  }

  ProgramPlan plan() {
    return plan;
  }

  AparapiDevice device() {
    return device;
  }

  Executables.Lease executables() {
    return kernels;
  }

  /** The memory of the constant that is the program's buffer of that number. */
  ArenaBuffer constant(int buffer) {
    ArenaBuffer constant = constants.get(buffer);
    if (constant == null) {
      throw new IllegalArgumentException("buffer " + buffer + " of program '" + program().name() + "' is no constant");
    }
    return constant;
  }

  @Override
  public CommandBuffer record(List<BufferSlice> bindings) {
    return new AparapiCommandBuffer(this, bindings);
  }

  @Override
  public List<KernelReport> kernels() {
    return plan.runs().stream().map(run -> new KernelReport(
        run.dispatch().label(), run.dispatch().spec().family(),
        run.plan().summary() + ", by " + device.engine().route().words(),
        requests(device, run).stream().distinct().map(device.engine()::source).collect(Collectors.joining("\n"))))
        .toList();
  }

  @Override
  public void close() {
    for (ArenaBuffer constant : constants) {
      if (constant != null) {
        constant.close();
      }
    }
    kernels.close();
  }
}
