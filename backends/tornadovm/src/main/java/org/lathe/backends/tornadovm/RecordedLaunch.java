package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.opencl.Calling;
import org.lathe.backends.simt.program.RecordedStep.Movable;

/**
 * One kernel over a range, as a graph of a plan. Its numbers are in an array of its own: for each parameter of memory the
 * offset in elements from the start of the array, for each scalar the number; and a last one that the kernel sets, which
 * tells at the first run that it ran: TornadoVM does not say that a launch has failed.
 */
final class RecordedLaunch implements Movable {
  private final KernelTask task;
  private final int graph;
  private final Object numbers;
  private final MemorySegment values;
  private boolean ran;

  /** @param graph the number of its graph in the plan */
  RecordedLaunch(TornadoApi api, KernelTask task, int graph) {
    this.task = task;
    this.graph = graph;
    this.numbers = api.longs(task.launch().arguments().size() + 1);
    this.values = api.data(numbers);
  }

  KernelTask task() {
    return task;
  }

  /** TornadoVM's array. */
  Object numbers() {
    return numbers;
  }

  MemorySegment values() {
    return values;
  }

  void set(int parameter, long bytesOrNumber) {
    values.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, parameter, inUnits(parameter, bytesOrNumber));
  }

  @Override
  public void move(int argument, long bytes) {
    long now = values.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, argument);
    values.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, argument, now + inUnits(argument, bytes));
  }

  /** In units of the parameter: elements of memory, or one. */
  private long inUnits(int parameter, long bytes) {
    return task.launch().kernel().parameters().get(parameter) instanceof Parameter.Global g
        ? bytes / g.dtype().bytes()
        : bytes;
  }

  /** @param device its name, for errors */
  void run(TornadoApi.Plan plan, String device) {
    try {
      plan.run(graph);
      if (!ran) {
        plan.download(numbers);
      }
    } catch (RuntimeException e) {
      throw Engine.failure(device, task, !ran, e);
    }
    if (!ran) {
      int last = task.launch().arguments().size();
      if (values.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, last) != Calling.Tornado.RAN) {
        throw Engine.failure(device, task, true, new IllegalStateException(
            "TornadoVM launched the kernel over " + task.launch().global() + " in groups of "
                + task.launch().kernel().local() + ", and it did not run"));
      }
      values.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, last, 0);
      ran = true;
    }
  }
}
