package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.Optional;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;

/** How kernels of one kind are written for devices. Stateless; any thread. */
interface Schedule<S extends KernelSpec> {

  /** Why such a device does not run this spec, beyond what {@link Schedules} checks for all; empty if it does. */
  default Optional<String> refuses(S spec, Traits traits) {
    return Optional.empty();
  }

  /** The choices worth measuring, the best guess first; never empty. */
  default List<Tuning> candidates(S spec, Traits traits) {
    return List.of(Tuning.NONE);
  }

  /** The launches, for one of the candidates. */
  KernelPlan plan(S spec, Site site, Tuning tuning);
}
