package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.opencl.RecordedLaunch.Operand;
import org.lathe.backends.opencl.RecordedStep.Bound;
import org.lathe.backends.opencl.RecordedStep.Loop.Moving;
import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.program.PlannedStep;
import org.lathe.hal.DType;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/** Turns the steps of a plan into kernels with arguments. */
final class Recorder {
  private final KernelStore.Lease compiled;
  private final List<Bound> bounds;
  private final List<Bound> workspaces;
  private final List<RecordedLaunch> launches;
  /** What moves in each enclosing loop, outermost first. */
  private final List<List<Moving>> loops = new ArrayList<>();
  private int dispatches;

  /**
   * @param bounds what each buffer of the program is bound to
   * @param launches where each launch is put as soon as it is made; they belong to the caller
   */
  Recorder(KernelStore.Lease compiled, List<Bound> bounds, List<Bound> workspaces, List<RecordedLaunch> launches) {
    this.compiled = compiled;
    this.bounds = bounds;
    this.workspaces = workspaces;
    this.launches = launches;
  }

  RecordedStep[] record(List<PlannedStep> steps) {
    return steps.stream().map(this::record).toArray(RecordedStep[]::new);
  }

  private RecordedStep record(PlannedStep step) {
    return switch (step) {
      case PlannedStep.Run run -> new RecordedStep.Dispatch(
          dispatches++,
          run.dispatch(),
          run.plan().launches().stream().map(l -> record(l, run.dispatch())).toArray(RecordedLaunch[]::new));
      case PlannedStep.Loop loop -> {
        List<Moving> moving = new ArrayList<>();
        loops.add(moving);
        RecordedStep[] body = record(loop.body());
        loops.removeLast();
        yield new RecordedStep.Loop(loop.trips(), body, moving.toArray(Moving[]::new));
      }
      case PlannedStep.Branch branch -> {
        Slice predicate = branch.predicate();
        long[] at = {predicate.offset()};
        move(predicate, at, 0);
        yield new RecordedStep.Branch(
            bounds.get(predicate.buffer()),
            at,
            record(branch.then()),
            record(branch.otherwise()));
      }
    };
  }

  /** @return whether the slice moves in a loop */
  private boolean move(Slice slice, long[] offsets, int position) {
    boolean moves = false;
    for (int loop = 0; loop < Math.min(loops.size(), slice.loopSteps().rank()); loop++) {
      long step = slice.loopSteps().get(loop);
      if (step != 0) {
        loops.get(loop).add(new Moving(offsets, position, step));
        moves = true;
      }
    }
    return moves;
  }

  private RecordedLaunch record(Launch launch, Step.Dispatch dispatch) {
    Kernel kernel = launch.kernel();
    List<Parameter> parameters = kernel.parameters();
    int memories = (int) parameters.stream().filter(p -> p instanceof Parameter.Global).count();
    Operand[] operands = new Operand[memories];
    long[] offsets = new long[memories];
    boolean moves = false;
    ClKernel object = compiled.create(kernel);
    try {
      object.over(launch.global().toArray(), kernel.local().toArray());
      int argument = 0;
      int memory = 0;
      for (int i = 0; i < parameters.size(); i++) {
        switch (parameters.get(i)) {
          case Parameter.Scalar scalar -> set(object, argument++, scalar, launch.arguments().get(i));
          case Parameter.Global global -> {
            int elementBytes = global.dtype().bytes();
            switch (launch.arguments().get(i)) {
              case Argument.Workspace(int number) ->
                operands[memory] = new Operand(argument, elementBytes, workspaces.get(number));
              case Argument.Input(int operand) -> {
                Slice slice = dispatch.inputs().get(operand);
                operands[memory] = new Operand(argument, elementBytes, bounds.get(slice.buffer()));
                offsets[memory] = slice.offset();
                moves |= move(slice, offsets, memory);
              }
              case Argument.Output(int operand) -> {
                Slice slice = dispatch.outputs().get(operand);
                operands[memory] = new Operand(argument, elementBytes, bounds.get(slice.buffer()));
                offsets[memory] = slice.offset();
                moves |= move(slice, offsets, memory);
              }
              case Argument.Number number ->
                throw new IllegalArgumentException(kernel.name() + " takes memory as " + global.name());
            }
            memory++;
            argument += 2;
          }
        }
      }
      RecordedLaunch recorded = new RecordedLaunch(object, operands, offsets, moves);
      launches.add(recorded);
      return recorded;
    } catch (RuntimeException e) {
      object.close();
      throw e;
    }
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
}
