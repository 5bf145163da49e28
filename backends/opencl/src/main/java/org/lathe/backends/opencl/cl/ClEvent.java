package org.lathe.backends.opencl.cl;

import static org.lathe.backends.opencl.cl.ClException.check;

import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_event;

/** The end of a command. Any thread. */
public final class ClEvent extends Handle {
  private final cl_event event;

  ClEvent(cl_event event) {
    this.event = event;
  }

  cl_event event() {
    checkOpen();
    return event;
  }

  /** @throws ClException if the command failed */
  public void await() {
    cl_event[] events = {event()};
    check("clWaitForEvents", () -> CL.clWaitForEvents(1, events));
  }

  /** @throws ClException if the command failed */
  public boolean isDone() {
    checkOpen();
    int[] status = new int[1];
    check("clGetEventInfo",
        () -> CL.clGetEventInfo(event, CL.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, Pointer.to(status), null));
    if (status[0] < 0) {
      throw new ClException(ClException.COMMAND, status[0]);
    }
    return status[0] == CL.CL_COMPLETE;
  }

  /** When the command was enqueued, by the device's clock, in nanoseconds. For commands of profiling queues. */
  public long queuedNanos() {
    return time(CL.CL_PROFILING_COMMAND_QUEUED);
  }

  /** When the command began. */
  public long startNanos() {
    return time(CL.CL_PROFILING_COMMAND_START);
  }

  /** When the command ended. */
  public long endNanos() {
    return time(CL.CL_PROFILING_COMMAND_END);
  }

  private long time(int what) {
    checkOpen();
    long[] nanos = new long[1];
    check("clGetEventProfilingInfo",
        () -> CL.clGetEventProfilingInfo(event, what, Long.BYTES, Pointer.to(nanos), null));
    return nanos[0];
  }

  @Override
  int release() {
    return CL.clReleaseEvent(event);
  }
}
