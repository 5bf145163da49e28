package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;

/** Which of a schedule's candidates a device takes. Any thread. */
@FunctionalInterface
public interface Tunings {
  /** The best guess for each. */
  Tunings GUESS = (spec, traits) -> Schedules.candidates(spec, traits).getFirst();

  Tuning choose(KernelSpec spec, Traits traits);
}
