package org.lathe.backends.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.HostBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.device.Unsupported;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Step;

/** A program with a kernel for each dispatch and its constants in memory. Any thread. */
final class CpuPrepared implements Prepared {
  private final CpuDevice device;
  private final Program program;
  private final Map<Step.Dispatch, Kernel> kernels = new IdentityHashMap<>();
  private final List<Step.Dispatch> dispatches = new ArrayList<>();
  /** By buffer index; null where the buffer is no constant. */
  private final HostBuffer[] constants;

  CpuPrepared(CpuDevice device, Program program) {
    this.device = device;
    this.program = program;
    this.constants = new HostBuffer[program.buffers().size()];
    collect(program.steps());
    try {
      for (int i = 0; i < constants.length; i++) {
        BufferDecl declaration = program.buffers().get(i);
        if (declaration.data() != null) {
          constants[i] = device.allocator().allocate(declaration.bytes());
          constants[i].write(0, MemorySegment.ofArray(declaration.data().toArray()));
        }
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void collect(List<Step> steps) {
    for (Step step : steps) {
      switch (step) {
        case Step.Dispatch d -> {
          Optional<String> refused = device.capabilities().refuses(d.spec());
          if (refused.isPresent()) {
            throw new Unsupported(d.spec(), refused.get());
          }
          kernels.put(d, device.kernels().get(d.spec()));
          dispatches.add(d);
        }
        case Step.Loop l -> collect(l.body());
        case Step.Branch b -> {
          collect(b.then());
          collect(b.otherwise());
        }
      }
    }
  }

  @Override
  public Program program() {
    return program;
  }

  @Override
  public CommandBuffer record(List<BufferSlice> bindings) {
    return new CpuCommandBuffer(device, this, bindings);
  }

  Kernel kernel(Step.Dispatch dispatch) {
    Kernel kernel = kernels.get(dispatch);
    if (kernel == null) {
      throw new IllegalArgumentException("dispatch '" + dispatch.label() + "' is not of this program");
    }
    return kernel;
  }

  Iterable<Kernel> distinctKernels() {
    return kernels.values();
  }

  HostBuffer constant(int buffer) {
    return constants[buffer];
  }

  @Override
  public List<KernelReport> kernels() {
    return dispatches.stream()
        .map(d -> new KernelReport(d.label(), d.spec().family(), kernel(d).variant(), kernel(d).source()))
        .toList();
  }

  @Override
  public void close() {
    for (HostBuffer constant : constants) {
      if (constant != null) {
        constant.close();
      }
    }
  }
}
