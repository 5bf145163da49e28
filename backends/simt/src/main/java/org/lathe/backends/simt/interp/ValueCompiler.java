package org.lathe.backends.simt.interp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.interp.KernelFault.Kind;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.UnaryOp;

/**
 * Makes values ready to run: each operation becomes a loop over the active work items. Results live in arrays that are
 * shared by depth, so that a long kernel needs no more of them than its deepest value.
 */
final class ValueCompiler {
  private record Place(int depth, Type type) {}

  private final Machine machine;
  private final Map<Memory, Store> stores;
  private final Map<String, Long> arguments;
  private final Map<Variable, Node> variables = new HashMap<>();
  private final Map<Place, Node> places = new HashMap<>();
  private final Map<Value, Node> leaves = new HashMap<>();
  private final List<Runnable> starts = new ArrayList<>();

  ValueCompiler(Machine machine, Map<Memory, Store> stores, Map<String, Long> arguments) {
    this.machine = machine;
    this.stores = stores;
    this.arguments = arguments;
  }

  /** Brings what depends on the group alone up to date. */
  void startGroup() {
    starts.forEach(Runnable::run);
  }

  /** Where a variable lives. */
  Node variable(Variable v) {
    return variables.computeIfAbsent(v, _ -> allocate(v.type()));
  }

  Store store(Memory memory) {
    Store s = stores.get(memory);
    if (s == null) {
      throw new IllegalArgumentException(machine.kernel.name() + " has no memory '" + memory.name() + "'");
    }
    return s;
  }

  private Node allocate(Type type) {
    return Node.leaf(type, machine.size);
  }

  /** The value with its result in the arrays of {@code depth}; what it is computed from lies deeper. */
  Node compile(Value value, int depth) {
    return switch (value) {
      case Value.Constant c -> leaves.computeIfAbsent(c, _ -> constant(c));
      case Value.Argument a -> leaves.computeIfAbsent(a, _ -> argument(a));
      case Value.Lanes l -> leaves.computeIfAbsent(l, _ -> lanes(l));
      case Value.Id i -> leaves.computeIfAbsent(i, _ -> id(i));
      case Value.Read r -> variable(r.variable());
      default ->
        operation(value, depth, places.computeIfAbsent(new Place(depth, value.type()), p -> allocate(p.type())));
    };
  }

  /**
   * The value with its result in the variable's own arrays. An operation reads of the variable only what it writes next,
   * so it may be among the operands.
   */
  Node compile(Value value, Variable to) {
    Node target = variable(to);
    return isLeaf(value) ? copy(compile(value, 0), target) : operation(value, 0, target);
  }

  private static boolean isLeaf(Value value) {
    return value instanceof Value.Constant || value instanceof Value.Argument || value instanceof Value.Lanes
        || value instanceof Value.Id || value instanceof Value.Read;
  }

  private static Node copy(Node from, Node to) {
    boolean floating = to.floating();
    return Node.lanewise(to, (first, end) -> {
      if (floating) {
        System.arraycopy(from.real, first, to.real, first, end - first);
      } else {
        System.arraycopy(from.whole, first, to.whole, first, end - first);
      }
    });
  }

  private Node operation(Value value, int depth, Node to) {
    return switch (value) {
      case Value.Load l -> load(l, depth, to);
      case Value.Unary u -> unary(u, depth, to);
      case Value.Binary b -> binary(b, compile(b.a(), depth + 1), compile(b.b(), depth + 2), to);
      case Value.MultiplyAdd m ->
        multiplyAdd(compile(m.a(), depth + 1), compile(m.b(), depth + 2), compile(m.c(), depth + 3), to);
      case Value.Select s ->
        select(compile(s.condition(), depth + 1), compile(s.a(), depth + 2), compile(s.b(), depth + 3), to);
      case Value.Cast c -> cast(compile(c.a(), depth + 1), to);
      case Value.Bits b -> bits(compile(b.a(), depth + 1), to);
      case Value.Splat s -> gather(new Node[]{compile(s.a(), depth + 1)}, to, 0);
      case Value.Lane l -> gather(new Node[]{compile(l.a(), depth + 1)}, to, l.lane());
      case Value.Join j -> {
        Node[] parts = new Node[j.parts().size()];
        for (int p = 0; p < parts.length; p++) {
          parts[p] = compile(j.parts().get(p), depth + 1 + p);
        }
        yield gather(parts, to, 0);
      }
      case Value.Constant c -> throw new IllegalArgumentException(c + " is no operation");
      case Value.Argument a -> throw new IllegalArgumentException(a + " is no operation");
      case Value.Lanes l -> throw new IllegalArgumentException(l + " is no operation");
      case Value.Id i -> throw new IllegalArgumentException(i + " is no operation");
      case Value.Read r -> throw new IllegalArgumentException(r + " is no operation");
    };
  }

  private Node constant(Value.Constant c) {
    Node to = allocate(c.type());
    Arrays.fill(to.real, Arithmetic.round(c.type().dtype(), c.asDouble()));
    Arrays.fill(to.whole, c.bits());
    return to;
  }

  private Node argument(Value.Argument a) {
    @Nullable
    Long value = arguments.get(a.parameter().name());
    if (value == null) {
      throw new IllegalArgumentException(machine.kernel.name() + " has no parameter '" + a.parameter().name() + "'");
    }
    Node to = allocate(a.type());
    Arrays.fill(to.whole, value);
    return to;
  }

  private Node lanes(Value.Lanes l) {
    Node to = allocate(l.type());
    for (int k = 0; k < to.whole.length; k++) {
      to.whole[k] = k % l.lanes();
    }
    return to;
  }

  private Node id(Value.Id id) {
    Node to = allocate(id.type());
    starts.add(() -> {
      for (int i = 0; i < machine.size; i++) {
        to.whole[i] = switch (id.kind()) {
          case GLOBAL -> machine.global(i, id.axis());
          case LOCAL -> machine.local(i, id.axis());
          case GROUP -> machine.group[id.axis()];
        };
      }
    });
    return to;
  }

  private Node load(Value.Load l, int depth, Node to) {
    Store store = store(l.memory());
    Node index = compile(l.index(), depth + 1);
    int lanes = l.lanes();
    return Node.itemwise(to, (from, end) -> {
      for (int i = from; i < end; i++) {
        store.load(i, index.whole[i], lanes, l.aligned(), to.real, to.whole, i * lanes);
      }
    }, index);
  }

  private Node unary(Value.Unary u, int depth, Node to) {
    Node a = compile(u.a(), depth + 1);
    if (u.op() == UnaryOp.IS_NAN || u.op() == UnaryOp.IS_FINITE) {
      boolean nan = u.op() == UnaryOp.IS_NAN;
      return Node.lanewise(to, (from, end) -> {
        for (int k = from; k < end; k++) {
          to.whole[k] = (nan ? Double.isNaN(a.real[k]) : Double.isFinite(a.real[k])) ? 1 : 0;
        }
      }, a);
    }
    if (a.floating()) {
      DoubleUnaryOperator f = Arithmetic.real(u.op(), a.type.dtype());
      return Node.lanewise(to, (from, end) -> {
        for (int k = from; k < end; k++) {
          to.real[k] = f.applyAsDouble(a.real[k]);
        }
      }, a);
    }
    LongUnaryOperator f = Arithmetic.whole(u.op(), a.type.dtype());
    return Node.lanewise(to, (from, end) -> {
      for (int k = from; k < end; k++) {
        to.whole[k] = f.applyAsLong(a.whole[k]);
      }
    }, a);
  }

  private Node binary(Value.Binary v, Node a, Node b, Node to) {
    DType dtype = a.type.dtype();
    if (a.floating() && v.op().isComparison()) {
      Arithmetic.Test f = Arithmetic.test(v.op());
      return Node.lanewise(to, (from, end) -> {
        for (int k = from; k < end; k++) {
          to.whole[k] = f.test(a.real[k], b.real[k]) ? 1 : 0;
        }
      }, a, b);
    }
    if (a.floating()) {
      Loops.Real f = Loops.real(v.op(), dtype);
      return Node.lanewise(to, (from, end) -> f.run(a.real, b.real, to.real, from, end), a, b);
    }
    if (!v.exact() || v.op().isComparison() || !dtype.isInteger()) {
      Loops.Whole f = Loops.wrapping(v.op(), dtype);
      return Node.lanewise(to, (from, end) -> f.run(a.whole, b.whole, to.whole, from, end), a, b);
    }
    Loops.Whole f = Loops.exact(v.op(), dtype);
    int lanes = to.lanes();
    return Node.lanewise(to, (from, end) -> {
      int wrong = f.run(a.whole, b.whole, to.whole, from, end);
      if (wrong >= 0) {
        throw machine.fault(
            Kind.OVERFLOW, wrong / lanes, 0, v + " of " + dtype + " with " + a.whole[wrong] + " and " + b.whole[wrong]);
      }
    }, a, b);
  }

  private static Node multiplyAdd(Node a, Node b, Node c, Node to) {
    boolean single = to.type.dtype() == DType.F32;
    return Node.lanewise(to, (from, end) -> {
      for (int k = from; k < end; k++) {
        to.real[k] = single
            ? Math.fma((float) a.real[k], (float) b.real[k], (float) c.real[k])
            : Math.fma(a.real[k], b.real[k], c.real[k]);
      }
    }, a, b, c);
  }

  private static Node select(Node condition, Node a, Node b, Node to) {
    boolean floating = to.floating();
    return Node.lanewise(to, (from, end) -> {
      for (int k = from; k < end; k++) {
        Node chosen = condition.whole[k] != 0 ? a : b;
        if (floating) {
          to.real[k] = chosen.real[k];
        } else {
          to.whole[k] = chosen.whole[k];
        }
      }
    }, condition, a, b);
  }

  private static Node cast(Node a, Node to) {
    DType dtype = to.type.dtype();
    boolean fromReal = a.floating();
    if (!to.floating()) {
      return Node.lanewise(to, (from, end) -> {
        for (int k = from; k < end; k++) {
          to.whole[k] = fromReal
              ? Arithmetic.toWhole(a.real[k], dtype)
              : dtype == DType.BOOL ? (a.whole[k] != 0 ? 1 : 0) : Arithmetic.wrap(dtype, a.whole[k]);
        }
      }, a);
    }
    boolean single = dtype == DType.F32;
    return Node.lanewise(to, (from, end) -> {
      for (int k = from; k < end; k++) {
        to.real[k] = fromReal
            ? Arithmetic.round(dtype, a.real[k])
            : single ? (float) a.whole[k] : (double) a.whole[k];
      }
    }, a);
  }

  private static Node bits(Node a, Node to) {
    boolean single = to.type.dtype().bytes() == 4;
    boolean floating = to.floating();
    return Node.lanewise(to, (from, end) -> {
      for (int k = from; k < end; k++) {
        if (floating) {
          to.real[k] = single ? Float.intBitsToFloat((int) a.whole[k]) : Double.longBitsToDouble(a.whole[k]);
        } else {
          to.whole[k] = single
              ? Float.floatToRawIntBits((float) a.real[k])
              : Double.doubleToRawLongBits(a.real[k]);
        }
      }
    }, a);
  }

  /** Lane {@code l} of the result is lane {@code lane} of part {@code l}, or of the only part. */
  private static Node gather(Node[] parts, Node to, int lane) {
    int lanes = to.lanes();
    boolean floating = to.floating();
    return Node.itemwise(to, (from, end) -> {
      for (int l = 0; l < lanes; l++) {
        Node part = parts[parts.length == 1 ? 0 : l];
        int stride = part.lanes();
        for (int i = from; i < end; i++) {
          if (floating) {
            to.real[i * lanes + l] = part.real[i * stride + lane];
          } else {
            to.whole[i * lanes + l] = part.whole[i * stride + lane];
          }
        }
      }
    }, parts);
  }
}
