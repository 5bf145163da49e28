package org.lathe.backends.simt.interp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.Dims;

/**
 * Runs launches on the host, group after group; within a group all work items take each statement together. What a device
 * would leave undefined is a {@link KernelFault}: races, indices out of bounds, reads of what was never written, barriers
 * that not all reach. The arithmetic is that of {@link org.lathe.hal.expr.Expr}; a multiply-add rounds once.
 *
 * <p>For kernels of small shapes: a work item's operation takes some nanoseconds. Stateless; any thread.
 */
public final class KernelInterpreter {
  private KernelInterpreter() {}

  /**
   * Runs all launches of a plan on the operands of its spec, with new workspaces.
   *
   * @param inputs one for each input; an aliased operand is the same object in both lists
   * @throws KernelFault at the first fault
   */
  public static void run(KernelPlan plan, List<GlobalMemory> inputs, List<GlobalMemory> outputs) {
    List<GlobalMemory> workspaces = new ArrayList<>();
    for (long bytes : plan.workspaces()) {
      workspaces.add(GlobalMemory.undefined(bytes));
    }
    for (Launch launch : plan.launches()) {
      List<@Nullable GlobalMemory> bound = new ArrayList<>();
      for (Argument a : launch.arguments()) {
        bound.add(switch (a) {
          case Argument.Input(int operand) -> inputs.get(operand);
          case Argument.Output(int operand) -> outputs.get(operand);
          case Argument.Workspace(int number) -> workspaces.get(number);
          case Argument.Number n -> null;
        });
      }
      run(launch, bound);
    }
  }

  /**
   * @param memories one for each parameter, null for scalars
   * @throws KernelFault at the first fault
   */
  public static void run(Launch launch, List<@Nullable GlobalMemory> memories) {
    Kernel kernel = launch.kernel();
    Machine machine = new Machine(kernel, launch.global());
    Map<String, Long> arguments = new HashMap<>();
    for (int p = 0; p < kernel.parameters().size(); p++) {
      if (launch.arguments().get(p) instanceof Argument.Number(long value)) {
        arguments.put(kernel.parameters().get(p).name(), value);
      }
    }
    ValueCompiler values = new ValueCompiler(machine, stores(machine, memories), arguments);
    Runnable body = new StatementCompiler(machine, values).block(kernel.body());
    Dims groups = groups(launch);
    for (long z = 0; z < groups.get(2); z++) {
      for (long y = 0; y < groups.get(1); y++) {
        for (long x = 0; x < groups.get(0); x++) {
          machine.startGroup(x, y, z);
          values.startGroup();
          body.run();
        }
      }
    }
  }

  private static Dims groups(Launch launch) {
    long[] n = new long[3];
    for (int axis = 0; axis < 3; axis++) {
      n[axis] = launch.global().get(axis) / launch.kernel().local().get(axis);
    }
    return Dims.of(n);
  }

  private static Map<Memory, Store> stores(Machine machine, List<@Nullable GlobalMemory> memories) {
    Map<Memory, Store> stores = new HashMap<>();
    Map<GlobalMemory, Shared> shared = new IdentityHashMap<>();
    List<Parameter> parameters = machine.kernel.parameters();
    for (int p = 0; p < parameters.size(); p++) {
      if (parameters.get(p) instanceof Parameter.Global g) {
        GlobalMemory m = memory(machine.kernel, g, memories.get(p));
        shared.computeIfAbsent(m, _ -> new Shared()).add(machine.kernel, g);
      }
    }
    for (int p = 0; p < parameters.size(); p++) {
      if (parameters.get(p) instanceof Parameter.Global g) {
        GlobalMemory m = memory(machine.kernel, g, memories.get(p));
        Shared s = shared.computeIfAbsent(m, _ -> new Shared());
        stores.put(g, new GlobalStore(machine, g, m, s.accesses(machine, g, m), s.cellBytes));
      }
    }
    for (Memory array : machine.kernel.arrays()) {
      stores.put(array, new ArrayStore(machine, array));
    }
    return stores;
  }

  private static GlobalMemory memory(Kernel kernel, Parameter.Global g, @Nullable GlobalMemory m) {
    if (m == null) {
      throw new IllegalArgumentException(kernel.name() + ": nothing is bound to '" + g.name() + "'");
    }
    if (m.segment().byteSize() < g.elements() * g.dtype().bytes()) {
      throw new IllegalArgumentException(
          kernel.name() + ": " + m.segment().byteSize() + " bytes are bound to '" + g + "'");
    }
    return m;
  }

  /** The parameters of a launch that name the same memory. */
  private static final class Shared {
    private int cellBytes = 8;
    private boolean written;
    private int parameters;
    private boolean restricted;
    private @Nullable Accesses accesses;

    void add(Kernel kernel, Parameter.Global g) {
      cellBytes = Math.min(cellBytes, g.dtype().bytes());
      written |= g.access() != Parameter.Access.READ;
      restricted |= !g.mayAlias();
      parameters++;
      if (parameters > 1 && written && restricted) {
        throw new IllegalArgumentException(
            kernel.name() + ": '" + g.name() + "' and another parameter name the same memory, which one writes, and one"
                + " of them is not said to alias");
      }
    }

    @Nullable
    Accesses accesses(Machine machine, Parameter.Global g, GlobalMemory m) {
      if (written && accesses == null) {
        accesses = new Accesses(machine, g.name(), m.segment().byteSize() / cellBytes, false);
      }
      return written ? accesses : null;
    }
  }
}
