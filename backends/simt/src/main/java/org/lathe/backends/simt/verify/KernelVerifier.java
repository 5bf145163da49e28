package org.lathe.backends.simt.verify;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;

/**
 * Checks kernels without running them: types, names and scopes; who may read and write which memory; barriers only where
 * the whole group arrives; indices that are always out of bounds; the limits of the device. Stateless; any thread.
 *
 * <p>What it passes can still race or leave its memory: {@link org.lathe.backends.simt.interp.KernelInterpreter} tells on
 * given inputs.
 */
public final class KernelVerifier {
  private KernelVerifier() {}

  /** The problems of a launch, each one line that names the kernel and the statement; none for a legal one. */
  public static List<String> verify(Launch launch, Traits traits) {
    Kernel kernel = launch.kernel();
    Problems problems = new Problems(kernel);
    boolean usesF64 = Structure.check(kernel, problems);
    limits(launch, traits, usesF64, problems);
    if (problems.lines().isEmpty()) {
      // These analyses rely on types and scopes.
      Uniformity.check(kernel, problems);
      Bounds.check(launch, problems, new Problems(kernel));
    }
    return problems.lines();
  }

  /** The problems of all launches of a plan, and of what they bind to the spec's operands and to workspaces. */
  public static List<String> verify(KernelPlan plan, KernelSpec spec, Traits traits) {
    List<String> all = new ArrayList<>();
    for (Launch launch : plan.launches()) {
      all.addAll(verify(launch, traits));
      all.addAll(bindings(launch, plan, spec));
    }
    return all;
  }

  /**
   * The accesses of a legal launch that could not be proved to stay within their memory, one line each. No reproach: an
   * index that was loaded cannot be known.
   */
  public static List<String> unproved(Launch launch) {
    Problems unproved = new Problems(launch.kernel());
    Bounds.check(launch, new Problems(launch.kernel()), unproved);
    return unproved.lines();
  }

  private static void limits(Launch launch, Traits traits, boolean usesF64, Problems problems) {
    Kernel kernel = launch.kernel();
    if (kernel.groupSize() > traits.maxGroup()) {
      problems.add("groups of " + kernel.groupSize() + " work items, the device has at most " + traits.maxGroup());
    }
    if (kernel.localBytes() > traits.localBytes()) {
      problems.add(kernel.localBytes() + " bytes of local memory, the device has " + traits.localBytes());
    }
    if (kernel.parameters().size() > traits.maxParameters()) {
      problems.add(kernel.parameters().size() + " parameters, the device takes at most " + traits.maxParameters());
    }
    if (usesF64 && !traits.hasF64()) {
      problems.add("it computes in f64, the device does not");
    }
    if (traits.isPipeline() && launch.global().product() != 1) {
      problems.add("a pipeline of " + launch.global() + " work items, not of one");
    }
    for (int axis = 0; axis < 3; axis++) {
      if (launch.global().get(axis) > Integer.MAX_VALUE) {
        problems.add(launch.global().get(axis) + " work items along axis " + axis + " are more than an i32 counts");
      }
    }
  }

  private static List<String> bindings(Launch launch, KernelPlan plan, KernelSpec spec) {
    Problems problems = new Problems(launch.kernel());
    for (int p = 0; p < launch.arguments().size(); p++) {
      if (!(launch.kernel().parameters().get(p) instanceof Parameter.Global g)) {
        continue;
      }
      switch (launch.arguments().get(p)) {
        case Argument.Input(int operand) -> {
          operand(g, spec.inputs(), operand, "input", problems);
          if (g.access() != Parameter.Access.READ) {
            problems.add("'" + g + "' writes input " + operand);
          }
        }
        case Argument.Output(int operand) -> operand(g, spec.outputs(), operand, "output", problems);
        case Argument.Workspace(int number) -> {
          long bytes = number >= 0 && number < plan.workspaces().size() ? plan.workspaces().get(number) : -1;
          if (bytes < Math.multiplyExact(g.elements(), (long) g.dtype().bytes())) {
            problems.add("'" + g + "' is bound to workspace " + number + " of " + bytes + " bytes");
          }
        }
        case Argument.Number n -> {}
      }
    }
    return problems.lines();
  }

  private static void operand(
      Parameter.Global g, List<Operand> operands, int number, String what, Problems problems) {
    if (number < 0 || number >= operands.size()) {
      problems.add("'" + g + "' is bound to " + what + " " + number + " of " + operands.size());
    } else if (operands.get(number).bytes() < Math.multiplyExact(g.elements(), (long) g.dtype().bytes())) {
      problems.add("'" + g + "' is bound to " + what + " " + number + ", which is " + operands.get(number));
    }
  }
}
