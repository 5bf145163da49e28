package org.lathe.hal.device;

import java.util.List;
import org.lathe.hal.spec.KernelSpec;

/**
 * A device that can run a kernel in several forms and finds the fastest by measuring. What it finds is kept for later
 * processes too; programs prepared afterwards use it. Any thread, one tuning at a time; run it beside nothing else.
 */
public interface Tunable {
  /** How many forms there are to choose among for this kernel; 1 where there is no choice, 0 where it is refused. */
  int choices(KernelSpec spec);

  /**
   * Measures the forms of a kernel on random inputs, up to a second or so each, and keeps the best whose results agree with
   * those of the first.
   *
   * @throws Unsupported if the device does not take the kernel
   * @throws OutOfDeviceMemory if its operands do not fit
   * @throws DeviceLost if the device fails
   */
  Tuned tune(KernelSpec spec);

  /**
   * What was found.
   *
   * @param tried how many forms were measured
   * @param before the form used until now, and its time for one run
   * @param after the form used from now on, which may be the same
   * @param discarded the forms that failed or computed something else, each with the reason
   */
  record Tuned(
      int tried, String before, double beforeMicros, String after, double afterMicros, List<String> discarded) {
    public Tuned {
      discarded = List.copyOf(discarded);
    }
  }
}
