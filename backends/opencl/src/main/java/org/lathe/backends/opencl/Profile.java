package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.opencl.cl.ClContext;
import org.lathe.backends.opencl.cl.ClEvent;
import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.profile.KernelEvent;
import org.lathe.hal.spec.Work;

/**
 * Runs kernels one at a time in a queue that takes their times by the device's clock, and writes each to the flight
 * recorder.
 */
final class Profile implements Launcher, AutoCloseable {
  private final String device;
  private final String program;
  private final ClQueue queue;
  private final List<KernelTiming> timings = new ArrayList<>();
  private KernelEvent event = new KernelEvent();
  /** By the device's clock: when the run began, and the first and last moment of the dispatch under way. */
  private long origin = Long.MIN_VALUE;
  private long start;
  private long end;
  private boolean launched;

  Profile(ClContext context, String device, String program) {
    this.device = device;
    this.program = program;
    this.queue = context.queue(true);
  }

  @Override
  public void begin(RecordedStep.Dispatch dispatch) {
    launched = false;
    event = new KernelEvent();
    event.begin();
  }

  @Override
  public void launch(ClKernel kernel) {
    try (ClEvent done = queue.runTimed(kernel)) {
      done.await();
      if (origin == Long.MIN_VALUE) {
        origin = done.queuedNanos();
      }
      start = launched ? start : done.startNanos();
      end = done.endNanos();
      launched = true;
    }
  }

  /** A dispatch without work takes no time, at the moment at which the one before ended. */
  @Override
  public void end(RecordedStep.Dispatch dispatch) {
    event.end();
    String kernel = OpenClPrepared.nameOf(dispatch.origin.spec());
    if (event.shouldCommit()) {
      Work work = dispatch.origin.spec().work();
      event.device = device;
      event.program = program;
      event.dispatch = dispatch.number;
      event.kernel = kernel;
      event.origin = dispatch.origin.label();
      event.operations = work.operations();
      event.bytes = work.bytes();
      event.commit();
    }
    long before = timings.isEmpty() ? 0 : timings.getLast().endNanos();
    long from = launched ? Math.max(before, start - origin) : before;
    long to = launched ? Math.max(from, end - origin) : before;
    timings.add(new KernelTiming(dispatch.number, dispatch.origin.label(), kernel, from, to));
  }

  @Override
  public boolean read(OpenClBuffer buffer, long offset) {
    return buffer.readByte(offset) != 0;
  }

  List<KernelTiming> timings() {
    return List.copyOf(timings);
  }

  @Override
  public void close() {
    queue.close();
  }
}
