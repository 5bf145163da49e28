package org.lathe.backends.simt.pipeline;

import org.lathe.backends.simt.plan.KernelPlan;

/** Makes pipelines of the plans of schedules, whatever form these have given them. */
public final class PipelineForm {
  private PipelineForm() {}

  /**
   * The plan with every launch as a single work item: its small workspaces on the chip, its sums without waiting.
   *
   * @param localBytes what a kernel's memory on the chip may take
   * @throws IllegalArgumentException if work items wait for each other at a barrier
   */
  public static KernelPlan of(KernelPlan plan, long localBytes) {
    KernelPlan single = OnChip.of(SingleItem.of(plan), localBytes);
    return new KernelPlan(
        single.variant(), single.launches().stream().map(Reductions::of).toList(), single.workspaces());
  }
}
