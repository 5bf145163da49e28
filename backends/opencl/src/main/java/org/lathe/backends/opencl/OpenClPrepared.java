package org.lathe.backends.opencl;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.opencl.OpenClSource;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.backends.simt.program.ProgramPlan;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;

/** A program with its kernels compiled and its constants on the device. Any thread. */
final class OpenClPrepared implements Prepared {
  private final OpenClDevice device;
  private final ProgramPlan plan;
  private final KernelStore.Lease kernels;
  private final List<@Nullable OpenClBuffer> constants = new ArrayList<>();

  /** Takes the lease over. */
  OpenClPrepared(OpenClDevice device, ProgramPlan plan, KernelStore.Lease kernels) {
    this.device = device;
    this.plan = plan;
    this.kernels = kernels;
    try {
      for (BufferDecl declaration : plan.program().buffers()) {
        constants.add(constant(declaration));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private @Nullable OpenClBuffer constant(BufferDecl declaration) {
    if (declaration.data() == null) {
      return null;
    }
    OpenClBuffer buffer = device.allocator().allocate(declaration.bytes());
    try {
      buffer.write(0, MemorySegment.ofArray(declaration.data().toArray()));
      return buffer;
    } catch (RuntimeException e) {
      buffer.close();
      throw e;
    }
  }

  @Override
  public Program program() {
    return plan.program();
  }

  ProgramPlan plan() {
    return plan;
  }

  OpenClDevice device() {
    return device;
  }

  KernelStore.Lease compiled() {
    return kernels;
  }

  /** The memory of the constant that is the program's buffer of that number. */
  OpenClBuffer constant(int buffer) {
    OpenClBuffer constant = constants.get(buffer);
    if (constant == null) {
      throw new IllegalArgumentException("buffer " + buffer + " of program '" + program().name() + "' is no constant");
    }
    return constant;
  }

  @Override
  public CommandBuffer record(List<BufferSlice> bindings) {
    return new OpenClCommandBuffer(this, bindings);
  }

  @Override
  public List<KernelReport> kernels() {
    List<KernelReport> reports = new ArrayList<>();
    for (PlannedStep.Run run : plan.runs()) {
      reports.add(
          new KernelReport(
              run.dispatch().label(),
              run.dispatch().spec().family(),
              run.plan().summary(),
              run.plan().launches().isEmpty() ? "" : OpenClSource.render(run.plan().kernels())));
    }
    return reports;
  }

  @Override
  public void close() {
    for (OpenClBuffer constant : constants) {
      if (constant != null) {
        constant.close();
      }
    }
    kernels.close();
  }
}
