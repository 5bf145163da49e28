package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Rewriter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;

/** Moves workspaces that a single launch of a single work item uses from global memory onto the chip, where they fit. */
final class OnChip {
  private OnChip() {}

  /** @param localBytes what a kernel's memory on the chip may take */
  static KernelPlan of(KernelPlan plan, long localBytes) {
    List<Launch> launches = new ArrayList<>(plan.launches());
    List<Long> workspaces = new ArrayList<>(plan.workspaces());
    for (int w = 0; w < workspaces.size(); w++) {
      int user = onlyUser(launches, w);
      if (user >= 0 && launches.get(user).kernel().localBytes() + workspaces.get(w) <= localBytes) {
        launches.set(user, moved(launches.get(user), w));
        workspaces.set(w, 0L);
      }
    }
    return launches.equals(plan.launches()) ? plan : new KernelPlan(plan.variant(), launches, workspaces);
  }

  /** The launch that binds the workspace, once; -1 if none or several do, or one does it twice. */
  private static int onlyUser(List<Launch> launches, int workspace) {
    int user = -1;
    for (int i = 0; i < launches.size(); i++) {
      for (Argument a : launches.get(i).arguments()) {
        if (a instanceof Argument.Workspace(int number) && number == workspace) {
          if (user >= 0) {
            return -1;
          }
          user = i;
        }
      }
    }
    return user;
  }

  private static Launch moved(Launch launch, int workspace) {
    Kernel kernel = launch.kernel();
    List<Parameter> parameters = new ArrayList<>();
    List<Argument> arguments = new ArrayList<>();
    List<Memory> arrays = new ArrayList<>(kernel.arrays());
    Map<Memory, Memory> moves = new HashMap<>();
    for (int i = 0; i < kernel.parameters().size(); i++) {
      Parameter p = kernel.parameters().get(i);
      if (p instanceof Parameter.Global g && launch.arguments().get(i) instanceof Argument.Workspace(int number)
          && number == workspace) {
        Memory.Local here = new Memory.Local(g.name(), g.dtype(), g.elements());
        arrays.add(here);
        moves.put(g, here);
      } else {
        parameters.add(p);
        arguments.add(launch.arguments().get(i));
      }
    }
    List<Statement> body = new Rewriter() {
      @Override
      public Value value(Value value) {
        return value instanceof Value.Load l && moves.containsKey(l.memory())
            ? new Value.Load(moves.getOrDefault(l.memory(), l.memory()), value(l.index()), l.lanes(), l.aligned())
            : rebuild(value);
      }

      @Override
      protected void statement(Statement s, List<Statement> out) {
        if (s instanceof Statement.Store(Memory m, Value index, Value value, boolean aligned)) {
          out.add(new Statement.Store(moves.getOrDefault(m, m), value(index), value(value), aligned));
        } else {
          super.statement(s, out);
        }
      }
    }.block(kernel.body());
    Kernel changed = Kernel.named(kernel.family(), parameters, arrays, kernel.local(), body);
    return new Launch(changed, launch.global(), arguments);
  }
}
