package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.spec.Reduce;

/** Reductions: by groups of work items on GPUs, by the vectors of few work items elsewhere. */
final class ReduceSchedule implements Schedule<Reduce> {

  @Override
  public KernelPlan plan(Reduce spec, Site site, Tuning tuning) {
    if (spec.kept().product() == 0) {
      return KernelPlan.nothing();
    }
    Reduction r = new Reduction(spec, site);
    return site.traits().isGpu() ? new ReduceGroups(r).plan() : new ReduceLines(r).plan();
  }
}
