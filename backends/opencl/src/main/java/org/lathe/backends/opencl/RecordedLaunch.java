package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.opencl.cl.ClMemory;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.Bound;
import org.lathe.backends.simt.program.Bounds;
import org.lathe.backends.simt.program.RecordedStep.Movable;
import org.lathe.hal.DType;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/**
 * A kernel of its own with its arguments. Arguments stay from run to run; only those are set again that have moved, since
 * setting one costs a third of a launch.
 */
final class RecordedLaunch implements Movable, AutoCloseable {
  private final ClKernel kernel;
  /** For each of the launch's arguments, null for a number. */
  private final @Nullable Operand[] operands;
  private boolean moved;

  /** A parameter that is memory: two arguments of the kernel, the memory and the offset in elements. */
  private static final class Operand {
    final int argument;
    final int elementBytes;
    final Bound<OpenClBuffer> bound;
    /** Of the slice in its program's buffer, in bytes. */
    long offset;
    private @Nullable ClMemory setMemory;
    private long setOffset = -1;

    Operand(int argument, int elementBytes, Bound<OpenClBuffer> bound, long offset) {
      this.argument = argument;
      this.elementBytes = elementBytes;
      this.bound = bound;
      this.offset = offset;
    }

    /** Sets the arguments if they differ from what is set. */
    void set(ClKernel kernel) {
      OpenClBuffer buffer = bound.buffer();
      ClMemory memory = buffer.memory();
      if (setMemory != memory) {
        kernel.set(argument, memory);
        setMemory = memory;
      }
      long now = buffer.base() + bound.offset() + offset;
      if (setOffset != now) {
        kernel.set(argument + 1, now / elementBytes);
        setOffset = now;
      }
    }
  }

  private RecordedLaunch(ClKernel kernel, List<@Nullable Operand> operands) {
    this.kernel = kernel;
    this.operands = operands.toArray(Operand[]::new);
    bind();
  }

  /**
   * @param object a new one, of the launch's kernel; belongs to the result
   * @param bounds what each buffer of the program is bound to
   */
  static RecordedLaunch of(ClKernel object, Launch launch, Step.Dispatch dispatch, Bounds<OpenClBuffer> bounds,
      List<Bound<OpenClBuffer>> workspaces) {
    Kernel kernel = launch.kernel();
    try {
      object.over(launch.global().toArray(), kernel.local().toArray());
      List<@Nullable Operand> operands = new ArrayList<>();
      int argument = 0;
      for (int i = 0; i < kernel.parameters().size(); i++) {
        Argument given = launch.arguments().get(i);
        switch (kernel.parameters().get(i)) {
          case Parameter.Scalar scalar -> {
            set(object, argument++, scalar, given);
            operands.add(null);
          }
          case Parameter.Global global -> {
            int bytes = global.dtype().bytes();
            operands.add(switch (given) {
              case Argument.Input(int operand) -> operand(argument, bytes, dispatch.inputs().get(operand), bounds);
              case Argument.Output(int operand) -> operand(argument, bytes, dispatch.outputs().get(operand), bounds);
              case Argument.Workspace(int number) -> new Operand(argument, bytes, workspaces.get(number), 0);
              case Argument.Number _ ->
                throw new IllegalArgumentException(kernel.name() + " takes memory as " + global.name());
            });
            argument += 2;
          }
        }
      }
      return new RecordedLaunch(object, operands);
    } catch (RuntimeException e) {
      object.close();
      throw e;
    }
  }

  private static Operand operand(int argument, int elementBytes, Slice slice, Bounds<OpenClBuffer> bounds) {
    return new Operand(argument, elementBytes, bounds.get(slice.buffer()), slice.offset());
  }

  private static void set(ClKernel kernel, int index, Parameter.Scalar scalar, Argument argument) {
    if (!(argument instanceof Argument.Number(long value))) {
      throw new IllegalArgumentException("parameter " + scalar.name() + " takes a number, not " + argument);
    }
    if (scalar.dtype() == DType.I32) {
      kernel.set(index, Math.toIntExact(value));
    } else {
      kernel.set(index, value);
    }
  }

  /** Sets the arguments that differ from what is set. */
  void bind() {
    for (Operand o : operands) {
      if (o != null) {
        o.set(kernel);
      }
    }
    moved = false;
  }

  @Override
  public void move(int argument, long bytes) {
    Operand o = operands[argument];
    if (o == null) {
      throw new IllegalArgumentException("argument " + argument + " is a number, and does not move");
    }
    o.offset += bytes;
    moved = true;
  }

  /** The kernel with its arguments as they are now. */
  ClKernel ready() {
    if (moved) {
      bind();
    }
    return kernel;
  }

  @Override
  public void close() {
    kernel.close();
  }
}
