package org.lathe.backends.noop;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.BufferSlice;
import org.lathe.hal.device.CommandBuffer;
import org.lathe.hal.device.Prepared;
import org.lathe.hal.program.BufferDecl;
import org.lathe.hal.program.Program;
import org.lathe.hal.program.Role;
import org.lathe.hal.program.Step;
import org.lathe.hal.text.KernelText;

/**
 * Step 4 of a backend: a compiled program. It holds a kernel for each dispatch, in program order with loop bodies once, and
 * the constants on the device. Any thread may record it.
 */
final class NullPrepared implements Prepared {
  private final Program program;
  private final Allocator allocator;
  private final List<Step.Dispatch> dispatches = new ArrayList<>();

  NullPrepared(Program program, Allocator allocator) {
    this.program = program;
    this.allocator = allocator;
    collect(program.steps());
  }

  private void collect(List<Step> steps) {
    for (Step step : steps) {
      switch (step) {
        case Step.Dispatch d -> dispatches.add(d);
        case Step.Loop loop -> collect(loop.body());
        case Step.Branch branch -> {
          collect(branch.then());
          collect(branch.otherwise());
        }
      }
    }
  }

  @Override
  public Program program() {
    return program;
  }

  /**
   * Binds memory. A real backend works out each operand's address or kernel argument here, once, so that a run allocates
   * nothing; offsets that move with loops are the exception. The scratch memory belongs to the command buffer.
   */
  @Override
  public CommandBuffer record(List<BufferSlice> bindings) {
    List<Buffer> scratch = new ArrayList<>();
    try {
      for (BufferDecl b : program.buffers()) {
        if (b.role() == Role.SCRATCH) {
          scratch.add(allocator.allocate(b.bytes()));
        }
      }
    } catch (RuntimeException e) {
      scratch.forEach(Buffer::close);
      throw e;
    }
    return new NullCommandBuffer(dispatches, scratch);
  }

  /** A real backend says here which variant and tile sizes it chose, and shows the source it generated. */
  @Override
  public List<KernelReport> kernels() {
    return dispatches.stream()
        .map(d -> new KernelReport(d.label(), d.spec().family(), "none", KernelText.print(d.spec())))
        .toList();
  }

  @Override
  public void close() {}
}
