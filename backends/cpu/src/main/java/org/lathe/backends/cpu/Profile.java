package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.profile.KernelEvent;
import org.lathe.hal.spec.Work;

/** The times of one run's kernels, also written to the flight recorder. */
final class Profile {
  private final String device;
  private final String program;
  private final long start = System.nanoTime();
  private final List<KernelTiming> timings = new ArrayList<>();
  private KernelEvent event = new KernelEvent();
  private long begun;

  Profile(String device, String program) {
    this.device = device;
    this.program = program;
  }

  void begin() {
    event = new KernelEvent();
    event.begin();
    begun = System.nanoTime();
  }

  void end(BoundStep.Dispatch dispatch) {
    long ended = System.nanoTime();
    event.end();
    String kernel = CpuPrepared.nameOf(dispatch.origin.spec());
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
    timings.add(new KernelTiming(dispatch.number, dispatch.origin.label(), kernel, begun - start, ended - start));
  }

  List<KernelTiming> timings() {
    return List.copyOf(timings);
  }
}
