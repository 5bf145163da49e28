package org.lathe.backends.simt.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Rewriter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;

/**
 * Turns a launch of many work items into one work item that does their work in turn, in loops over the range: what a
 * schedule needs no form of its own for. Guards against the surplus of the last group become the loops' bounds.
 */
final class SingleItem {
  private static final List<String> AXES = List.of("x", "y", "z");

  private SingleItem() {}

  /** The plan with every launch as a single work item. */
  static KernelPlan of(KernelPlan plan) {
    List<Launch> launches = plan.launches().stream().map(SingleItem::of).toList();
    return launches.equals(plan.launches()) ? plan : new KernelPlan(plan.variant(), launches, plan.workspaces());
  }

  /**
   * The launch as a single work item; a launch of one is given back as it is.
   *
   * @throws IllegalArgumentException if its work items wait for each other at a barrier
   */
  static Launch of(Launch launch) {
    Kernel kernel = launch.kernel();
    if (hasBarrier(kernel.body())) {
      throw new IllegalArgumentException(
          "the work items of " + kernel.name() + " meet at barriers: it needs a pipeline form of its own");
    }
    if (kernel.isSingleItem(launch.global())) {
      return launch;
    }
    List<Statement> body = new Loops(kernel, launch.global()).write();
    Kernel single = Kernel.named(kernel.family(), kernel.parameters(), kernel.arrays(), Dims.of(1, 1, 1), body);
    return new Launch(single, Dims.of(1, 1, 1), launch.arguments());
  }

  static boolean hasBarrier(List<Statement> body) {
    return body.stream().anyMatch(s -> switch (s) {
      case Statement.Barrier b -> true;
      case Statement.For f -> hasBarrier(f.body());
      case Statement.If i -> hasBarrier(i.then()) || hasBarrier(i.otherwise());
      case Statement.Declare d -> false;
      case Statement.Assign a -> false;
      case Statement.Store s2 -> false;
    });
  }

  /** The loops over one range, and the kernel's body within them. */
  private static final class Loops extends Rewriter {
    private final Kernel kernel;
    private final Dims global;
    private final Set<Value.Id> used = new HashSet<>();
    private final Set<Variable> assigned = new HashSet<>();
    private final Map<Value.Id, Value> ids = new HashMap<>();
    private final Map<Variable, Value> names = new HashMap<>();
    private final Map<Variable, Long> ends = new HashMap<>();

    Loops(Kernel kernel, Dims global) {
      this.kernel = kernel;
      this.global = global;
    }

    List<Statement> write() {
      look(kernel.body());
      List<Variable> groups = new ArrayList<>();
      List<Variable> items = new ArrayList<>();
      for (int axis = 2; axis >= 0; axis--) {
        axis(axis, groups, items);
      }
      List<Statement> body = clip(block(kernel.body()));
      List<Variable> all = new ArrayList<>(groups);
      all.addAll(items);
      for (Variable counter : all.reversed()) {
        body = List.of(
            new Statement.For(
                counter, Values.index(0), Values.index(ends.getOrDefault(counter, 0L)), 1, 1, body));
      }
      return body;
    }

    /** One loop where only the number in the whole range is asked for, else one over groups and one within. */
    private void axis(int axis, List<Variable> groups, List<Variable> items) {
      Value.Id whole = new Value.Id(Value.Id.Kind.GLOBAL, axis);
      Value.Id inside = new Value.Id(Value.Id.Kind.LOCAL, axis);
      Value.Id group = new Value.Id(Value.Id.Kind.GROUP, axis);
      long local = kernel.local().get(axis);
      long count = global.get(axis) / local;
      if (!used.contains(inside) && !used.contains(group) || local == 1) {
        Value number = counter("item_", axis, global.get(axis), items);
        ids.put(whole, number);
        ids.put(group, number);
        ids.put(inside, Values.index(0));
        return;
      }
      Value g = counter("group_", axis, count, groups);
      Value l = counter("item_", axis, local, items);
      ids.put(group, g);
      ids.put(inside, l);
      ids.put(whole, Values.add(Values.mul(g, local), l));
    }

    private Value counter(String name, int axis, long count, List<Variable> into) {
      if (count == 1) {
        return Values.index(0);
      }
      Variable v = new Variable(name + AXES.get(axis), count == (int) count ? Type.I32 : Type.I64);
      ends.put(v, count);
      into.add(v);
      return Values.read(v);
    }

    private void look(List<Statement> body) {
      for (Statement s : body) {
        switch (s) {
          case Statement.Declare d -> look(d.value());
          case Statement.Assign a -> {
            assigned.add(a.variable());
            look(a.value());
          }
          case Statement.Store st -> {
            look(st.index());
            look(st.value());
          }
          case Statement.For f -> {
            look(f.from());
            look(f.to());
            look(f.body());
          }
          case Statement.If i -> {
            look(i.condition());
            look(i.then());
            look(i.otherwise());
          }
          case Statement.Barrier b -> {}
        }
      }
    }

    private void look(Value value) {
      if (value instanceof Value.Id id) {
        used.add(id);
      }
      value.operands().forEach(this::look);
    }

    @Override
    public Value value(Value value) {
      return switch (value) {
        case Value.Id id -> ids.getOrDefault(id, id);
        case Value.Read r when names.containsKey(r.variable()) -> names.get(r.variable());
        default -> rebuild(value);
      };
    }

    /** A name for where the item stands is the counter's own name. */
    @Override
    protected void statement(Statement statement, List<Statement> out) {
      if (statement instanceof Statement.Declare(Variable v, Value.Id id) && !assigned.contains(v)) {
        Value at = ids.get(id);
        if (at instanceof Value.Read || at instanceof Value.Constant) {
          names.put(v, at);
          return;
        }
      }
      super.statement(statement, out);
    }

    /** If all of the body is under {@code counter < bound}, the bound is the loop's. */
    private List<Statement> clip(List<Statement> body) {
      if (body.size() != 1 || !(body.getFirst() instanceof Statement.If(Value condition, var then, var otherwise))
          || !otherwise.isEmpty()) {
        return body;
      }
      Value rest = clip(condition);
      return rest == null ? then : List.of(new Statement.If(rest, then, otherwise));
    }

    private @Nullable Value clip(Value condition) {
      if (condition instanceof Value.Binary(BinaryOp op, Value a, Value b, Type type, boolean exact)) {
        if (op == BinaryOp.AND && type.dtype() == DType.BOOL) {
          Value x = clip(a);
          Value y = clip(b);
          return x == null ? y : y == null ? x : Values.and(x, y);
        }
        if (op == BinaryOp.LT && a instanceof Value.Read(Variable v) && ends.containsKey(v)
            && b instanceof Value.Constant c) {
          ends.merge(v, c.bits(), Math::min);
          return null;
        }
      }
      return condition;
    }
  }
}
