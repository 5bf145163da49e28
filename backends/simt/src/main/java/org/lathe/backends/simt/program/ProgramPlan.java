package org.lathe.backends.simt.program;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.hal.program.Program;

/** A program with the launches of each of its steps. */
public record ProgramPlan(Program program, List<PlannedStep> steps) {
  public ProgramPlan {
    steps = List.copyOf(steps);
  }

  /** The dispatches in program order, loop bodies once. */
  public List<PlannedStep.Run> runs() {
    List<PlannedStep.Run> runs = new ArrayList<>();
    collect(steps, runs);
    return runs;
  }

  private static void collect(List<PlannedStep> steps, List<PlannedStep.Run> runs) {
    for (PlannedStep step : steps) {
      switch (step) {
        case PlannedStep.Run run -> runs.add(run);
        case PlannedStep.Loop loop -> collect(loop.body(), runs);
        case PlannedStep.Branch branch -> {
          collect(branch.then(), runs);
          collect(branch.otherwise(), runs);
        }
      }
    }
  }

  /** All its kernels, each once. */
  public Set<Kernel> kernels() {
    Set<Kernel> kernels = new LinkedHashSet<>();
    runs().forEach(r -> kernels.addAll(r.plan().kernels()));
    return kernels;
  }

  /** For each workspace number the bytes that serve every dispatch: they run one after the other. */
  public List<Long> workspaces() {
    List<Long> most = new ArrayList<>();
    for (PlannedStep.Run run : runs()) {
      List<Long> bytes = run.plan().workspaces();
      for (int w = 0; w < bytes.size(); w++) {
        if (w == most.size()) {
          most.add(bytes.get(w));
        } else {
          most.set(w, Math.max(most.get(w), bytes.get(w)));
        }
      }
    }
    return most;
  }
}
