package org.lathe.hal.program;

import java.util.List;
import org.lathe.hal.spec.KernelSpec;

/** One step of a program. Steps run as if one after the other. */
public sealed interface Step {

  /**
   * One kernel on its slices.
   *
   * @param label where it comes from, for people: the ops that were fused into it, and a source line
   */
  record Dispatch(KernelSpec spec, List<Slice> inputs, List<Slice> outputs, String label) implements Step {
    public Dispatch {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
      if (inputs.size() != spec.inputs().size() || outputs.size() != spec.outputs().size()) {
        throw new IllegalArgumentException(
            "dispatch '" + label + "' binds " + inputs.size() + " inputs and " + outputs.size()
                + " outputs to a kernel with "
                + spec.inputs().size() + " and " + spec.outputs().size());
      }
    }
  }

  /** Runs {@code body} {@code trips} times; slices move by their {@link Slice#loopSteps}. */
  record Loop(long trips, List<Step> body) implements Step {
    public Loop {
      body = List.copyOf(body);
    }
  }

  /** Runs {@code then} if the byte (bool) at {@code predicate} is not 0, else {@code otherwise}. */
  record Branch(Slice predicate, List<Step> then, List<Step> otherwise) implements Step {
    public Branch {
      then = List.copyOf(then);
      otherwise = List.copyOf(otherwise);
    }
  }
}
