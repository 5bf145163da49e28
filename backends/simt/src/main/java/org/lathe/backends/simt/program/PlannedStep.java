package org.lathe.backends.simt.program;

import java.util.List;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.hal.program.Slice;
import org.lathe.hal.program.Step;

/** A step of a program with what a device does for it. */
public sealed interface PlannedStep {

  /** One dispatch; the operands of the plan's launches are the dispatch's slices. */
  record Run(Step.Dispatch dispatch, KernelPlan plan) implements PlannedStep {}

  record Loop(long trips, List<PlannedStep> body) implements PlannedStep {
    public Loop {
      body = List.copyOf(body);
    }
  }

  record Branch(Slice predicate, List<PlannedStep> then, List<PlannedStep> otherwise) implements PlannedStep {
    public Branch {
      then = List.copyOf(then);
      otherwise = List.copyOf(otherwise);
    }
  }
}
