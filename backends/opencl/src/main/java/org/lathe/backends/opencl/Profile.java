package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClEvent;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.backends.simt.program.Bound;
import org.lathe.backends.simt.program.Bounds;
import org.lathe.backends.simt.program.RecordedStep;
import org.lathe.backends.simt.program.RecordedStep.Dispatch;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.profile.KernelEvent;

/**
 * Runs kernels one at a time in a queue that takes their times by the device's clock, and writes each to the flight
 * recorder.
 */
final class Profile implements RecordedStep.Runner<RecordedLaunch>, AutoCloseable {
  private final String device;
  private final String program;
  private final ClQueue queue;
  private final List<KernelTiming> timings = new ArrayList<>();
  private final Bounds<OpenClBuffer> bounds;
  /** When the run began, by the device's clock. */
  private long origin = Long.MIN_VALUE;

  /** @param bounds what each buffer of the program is bound to */
  Profile(ClContext context, String device, String program, Bounds<OpenClBuffer> bounds) {
    this.device = device;
    this.program = program;
    this.bounds = bounds;
    this.queue = context.queue(true);
  }

  /** A dispatch without work takes no time, at the moment at which the one before ended. */
  @Override
  public void run(Dispatch<RecordedLaunch> dispatch) {
    KernelEvent event = new KernelEvent();
    event.begin();
    long before = timings.isEmpty() ? 0 : timings.getLast().endNanos();
    long from = before;
    long to = before;
    boolean first = true;
    for (RecordedLaunch launch : dispatch.launches()) {
      try (ClEvent done = queue.runTimed(launch.ready())) {
        done.await();
        if (origin == Long.MIN_VALUE) {
          origin = done.queuedNanos();
        }
        from = first ? Math.max(before, done.startNanos() - origin) : from;
        to = Math.max(from, done.endNanos() - origin);
        first = false;
      }
    }
    event.commit(device, program, dispatch.number(), dispatch.origin());
    timings.add(new KernelTiming(
        dispatch.number(), dispatch.origin().label(), dispatch.origin().spec().family(), from, to));
  }

  @Override
  public boolean read(int buffer, long offset) {
    Bound<OpenClBuffer> bound = bounds.get(buffer);
    return bound.buffer().readByte(bound.offset() + offset) != 0;
  }

  List<KernelTiming> timings() {
    return List.copyOf(timings);
  }

  @Override
  public void close() {
    queue.close();
  }
}
