package org.lathe.backends.opencl.cl;

import org.jocl.CL;
import org.jocl.cl_event;

/** Holds back what is enqueued behind it until it is opened. */
public final class Gate {
  private final cl_event opened;

  private Gate(cl_event opened) {
    this.opened = opened;
  }

  public static Gate before(ClContext context, ClQueue queue) {
    cl_event opened = ClException.create("clCreateUserEvent", s -> CL.clCreateUserEvent(context.context(), s));
    ClException.check("clEnqueueBarrierWithWaitList",
        () -> CL.clEnqueueBarrierWithWaitList(queue.queue(), 1, new cl_event[]{opened}, null));
    return new Gate(opened);
  }

  /** Once only. */
  public void open() {
    ClException.check("clSetUserEventStatus", () -> CL.clSetUserEventStatus(opened, CL.CL_COMPLETE));
    ClException.check("clReleaseEvent", () -> CL.clReleaseEvent(opened));
  }
}
