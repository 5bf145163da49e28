package org.lathe.backends.simt.verify;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;

/** Where indices can be: from the range of the launch, the bounds of loops, and what guards compare. */
final class Bounds {
  private final Kernel kernel;
  private final Problems wrong;
  private final Problems unproved;
  private final Set<Variable> assigned = new HashSet<>();

  private Bounds(Kernel kernel, Problems wrong, Problems unproved) {
    this.kernel = kernel;
    this.wrong = wrong;
    this.unproved = unproved;
  }

  /**
   * @param wrong takes the accesses that are outside of their memory whenever they happen
   * @param unproved takes those of which that could not be told
   */
  static void check(Launch launch, Problems wrong, Problems unproved) {
    Kernel kernel = launch.kernel();
    Bounds b = new Bounds(kernel, wrong, unproved);
    assigned(kernel.body(), b.assigned);
    Map<Variable, Value> definitions = new HashMap<>();
    b.define(kernel.body(), definitions);
    Map<String, Long> arguments = new HashMap<>();
    for (int p = 0; p < kernel.parameters().size(); p++) {
      if (launch.arguments().get(p) instanceof Argument.Number(long value)) {
        arguments.put(kernel.parameters().get(p).name(), value);
      }
    }
    b.block(kernel.body(), new Knowledge(kernel, launch.global(), arguments, definitions));
  }

  private static void assigned(List<Statement> body, Set<Variable> into) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Assign(Variable v, Value value) -> into.add(v);
        case Statement.For f -> assigned(f.body(), into);
        case Statement.If i -> {
          assigned(i.then(), into);
          assigned(i.otherwise(), into);
        }
        default -> {}
      }
    }
  }

  /** Collects names whose value cannot change while they are known. */
  private void define(List<Statement> body, Map<Variable, Value> into) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Declare(Variable v, Value value) -> {
          if (!assigned.contains(v) && isStable(value)) {
            into.put(v, value);
          }
        }
        case Statement.For f -> define(f.body(), into);
        case Statement.If i -> {
          define(i.then(), into);
          define(i.otherwise(), into);
        }
        default -> {}
      }
    }
  }

  private boolean isStable(Value value) {
    return !(value instanceof Value.Load) && !(value instanceof Value.Read(Variable v) && assigned.contains(v))
        && value.operands().stream().allMatch(this::isStable);
  }

  private static boolean isInteger(Variable v) {
    return !v.type().dtype().isFloating();
  }

  private void block(List<Statement> body, Knowledge k) {
    for (Statement s : body) {
      if (k.isUnreachable()) {
        return;
      }
      switch (s) {
        case Statement.Declare(Variable v, Value value) -> assign(s, v, value, k);
        case Statement.Assign(Variable v, Value value) -> assign(s, v, value, k);
        case Statement.Store(Memory m, Value index, Value value, boolean aligned) -> {
          value(index, s, k);
          value(value, s, k);
          access(m, index, value.type().lanes(), s, k);
        }
        case Statement.For f -> loop(f, k);
        case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) -> {
          value(condition, s, k);
          Knowledge no = k.copy();
          k.assume(condition, true);
          block(then, k);
          no.assume(condition, false);
          block(otherwise, no);
          k.join(no);
        }
        case Statement.Barrier b -> {}
      }
    }
  }

  private void assign(Statement s, Variable v, Value value, Knowledge k) {
    value(value, s, k);
    if (isInteger(v)) {
      k.set(v, k.of(value));
    }
  }

  private void loop(Statement.For f, Knowledge k) {
    value(f.from(), f, k);
    value(f.to(), f, k);
    Interval from = k.of(f.from());
    Interval to = k.of(f.to());
    if (from.low() >= to.high()) {
      return;
    }
    long last = to.high() - 1;
    if (from.isPoint()) {
      last = from.low() + (last - from.low()) / f.step() * f.step();
    }
    Set<Variable> changed = new HashSet<>();
    assigned(f.body(), changed);
    k.forget(changed);
    Knowledge inside = k.copy();
    inside.set(f.counter(), new Interval(from.low(), last));
    block(f.body(), inside);
  }

  private void value(Value v, Statement s, Knowledge k) {
    v.operands().forEach(o -> value(o, s, k));
    if (v instanceof Value.Load l) {
      access(l.memory(), l.index(), l.lanes(), s, k);
    }
    if (v instanceof Value.Binary b && b.exact() && b.type().dtype() == DType.I32 && k.of(b).isEmpty()) {
      wrong.add(b + " never fits its type", s);
    }
  }

  private void access(Memory m, Value index, int lanes, Statement s, Knowledge k) {
    Interval at = k.of(index);
    Interval legal = new Interval(0, m.elements() - lanes);
    if (at.isEmpty() || legal.contains(at)) {
      return;
    }
    String what = m.name() + "[" + at.low() + " to " + at.high() + "]" + (lanes == 1 ? "" : " of " + lanes + " lanes")
        + ", which has " + m.elements() + " elements";
    if (at.and(legal).isEmpty()) {
      wrong.add("always out of bounds: " + what, s);
    } else {
      unproved.add("perhaps out of bounds: " + what, s);
    }
  }
}
