package org.lathe.backends.simt.verify;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;

/**
 * Which values are the same for all work items of a group. What comes from their numbers is not, nor what is read from
 * memory that some work item writes, nor a variable that is assigned where control flow differs.
 */
final class Uniformity {
  private final Kernel kernel;
  private final Set<Variable> varying = new HashSet<>();
  private boolean changed;

  private Uniformity(Kernel kernel) {
    this.kernel = kernel;
  }

  /** Reports barriers that only a part of the group may reach. */
  static void check(Kernel kernel, Problems problems) {
    if (kernel.groupSize() == 1) {
      return;
    }
    Uniformity u = new Uniformity(kernel);
    do {
      u.changed = false;
      u.spread(kernel.body(), true);
    } while (u.changed);
    u.barriers(kernel.body(), null, problems);
  }

  private boolean isUniform(Value v) {
    boolean self = switch (v) {
      case Value.Id(Value.Id.Kind kind, int axis) -> kind == Value.Id.Kind.GROUP || kernel.local().get(axis) == 1;
      case Value.Read(Variable variable) -> !varying.contains(variable);
      case Value.Load l -> isConstant(l.memory());
      default -> true;
    };
    return self && v.operands().stream().allMatch(this::isUniform);
  }

  private static boolean isConstant(Memory memory) {
    return memory instanceof Parameter.Global g && g.access() == Parameter.Access.READ && !g.mayAlias();
  }

  private void mark(Variable v) {
    changed |= varying.add(v);
  }

  private void spread(List<Statement> body, boolean uniform) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Declare(Variable v, Value value) -> {
          if (!isUniform(value)) {
            mark(v);
          }
        }
        case Statement.Assign(Variable v, Value value) -> {
          if (!uniform || !isUniform(value)) {
            mark(v);
          }
        }
        case Statement.For f -> {
          boolean same = isUniform(f.from()) && isUniform(f.to());
          if (!same) {
            mark(f.counter());
          }
          spread(f.body(), uniform && same);
        }
        case Statement.If(Value condition, List<Statement> then, List<Statement> otherwise) -> {
          boolean same = uniform && isUniform(condition);
          spread(then, same);
          spread(otherwise, same);
        }
        case Statement.Store st -> {}
        case Statement.Barrier b -> {}
      }
    }
  }

  /**
   * @param divergence the innermost statement that parts the group, null in uniform control flow
   */
  private void barriers(
      List<Statement> body, @Nullable Statement divergence, Problems problems) {
    for (Statement s : body) {
      switch (s) {
        case Statement.Barrier b when divergence != null ->
          problems.add("a barrier that not all of the group may reach", divergence);
        case Statement.For f ->
          barriers(f.body(), isUniform(f.from()) && isUniform(f.to()) ? divergence : f, problems);
        case Statement.If i -> {
          @Nullable
          Statement inside = isUniform(i.condition()) ? divergence : i;
          barriers(i.then(), inside, problems);
          barriers(i.otherwise(), inside, problems);
        }
        default -> {}
      }
    }
  }
}
