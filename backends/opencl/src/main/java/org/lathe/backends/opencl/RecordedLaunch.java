package org.lathe.backends.opencl;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.RecordedStep.Bound;
import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.opencl.cl.ClMemory;

/**
 * A kernel of its own with its arguments. Arguments stay from run to run; only those are set again that have moved, since
 * setting one costs a third of a launch.
 */
final class RecordedLaunch implements AutoCloseable {
  private final ClKernel kernel;
  private final Operand[] operands;
  private final long[] offsets;
  private final boolean moves;

  /** A parameter that is memory: two arguments, the memory and the offset in elements. */
  static final class Operand {
    private final int argument;
    private final int elementBytes;
    private final Bound bound;
    private @Nullable ClMemory setMemory;
    private long setOffset = -1;

    Operand(int argument, int elementBytes, Bound bound) {
      this.argument = argument;
      this.elementBytes = elementBytes;
      this.bound = bound;
    }
  }

  /**
   * The range and scalar arguments are set by the caller.
   *
   * @param offsets where each operand's slice begins in its program's buffer, in bytes; loops change them
   * @param moves whether some loop does
   */
  RecordedLaunch(ClKernel kernel, Operand[] operands, long[] offsets, boolean moves) {
    this.kernel = kernel;
    this.operands = operands;
    this.offsets = offsets;
    this.moves = moves;
    bind();
  }

  /** Sets the arguments that differ from what is set. */
  void bind() {
    for (int i = 0; i < operands.length; i++) {
      Operand o = operands[i];
      OpenClBuffer buffer = o.bound.buffer();
      ClMemory memory = buffer.memory();
      if (o.setMemory != memory) {
        kernel.set(o.argument, memory);
        o.setMemory = memory;
      }
      long offset = buffer.base() + o.bound.offset() + offsets[i];
      if (o.setOffset != offset) {
        kernel.set(o.argument + 1, offset / o.elementBytes);
        o.setOffset = offset;
      }
    }
  }

  void run(Launcher to) {
    if (moves) {
      bind();
    }
    to.launch(kernel);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
