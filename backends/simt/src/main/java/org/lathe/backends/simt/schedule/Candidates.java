package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;

/** The forms of a kernel that a device can choose among, the best guess first. Any thread. */
@FunctionalInterface
public interface Candidates {
  /** Those of the schedules. */
  Candidates SCHEDULES = Schedules::candidates;

  List<Tuning> of(KernelSpec spec, Traits traits);
}
