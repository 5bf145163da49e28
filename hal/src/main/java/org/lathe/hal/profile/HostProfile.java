package org.lathe.hal.profile;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.CommandBuffer.KernelTiming;
import org.lathe.hal.program.Step;

/** The times of one run's kernels by the host's clock, also written to the flight recorder. One thread's. */
public final class HostProfile {
  private final String device;
  private final String program;
  private final long start = System.nanoTime();
  private final List<KernelTiming> timings = new ArrayList<>();
  private KernelEvent event = new KernelEvent();
  private long begun;

  /** The run begins. */
  public HostProfile(String device, String program) {
    this.device = device;
    this.program = program;
  }

  /** A dispatch begins. */
  public void begin() {
    event = new KernelEvent();
    event.begin();
    begun = System.nanoTime();
  }

  /**
   * It has ended.
   *
   * @param number of the dispatch in its program
   */
  public void end(int number, Step.Dispatch dispatch) {
    long ended = System.nanoTime();
    event.commit(device, program, number, dispatch);
    timings.add(new KernelTiming(number, dispatch.label(), dispatch.spec().family(), begun - start, ended - start));
  }

  /** Of all dispatches that have ended, in their order. */
  public List<KernelTiming> timings() {
    return List.copyOf(timings);
  }
}
