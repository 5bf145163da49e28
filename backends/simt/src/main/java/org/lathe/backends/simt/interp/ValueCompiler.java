package org.lathe.backends.simt.interp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongUnaryOperator;
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
    int n = machine.size * type.lanes();
    boolean floating = type.dtype().isFloating();
    return new Node(type, new double[floating ? n : 0], new long[floating ? 0 : n], () -> {});
  }

  private Node place(int depth, Type type) {
    return places.computeIfAbsent(new Place(depth, type), p -> allocate(p.type()));
  }

  private static Node running(Node to, Runnable run) {
    return new Node(to.type(), to.real(), to.whole(), run);
  }

  /** The value with its result in the arrays of {@code depth}; what it is computed from lies deeper. */
  Node compile(Value value, int depth) {
    return switch (value) {
      case Value.Constant c -> leaves.computeIfAbsent(c, _ -> constant(c));
      case Value.Argument a -> leaves.computeIfAbsent(a, _ -> argument(a));
      case Value.Lanes l -> leaves.computeIfAbsent(l, _ -> lanes(l));
      case Value.Id i -> leaves.computeIfAbsent(i, _ -> id(i));
      case Value.Read r -> variable(r.variable());
      case Value.Load l -> load(l, depth);
      case Value.Unary u -> unary(u, depth);
      case Value.Binary b -> binary(b, depth);
      case Value.MultiplyAdd m -> multiplyAdd(m, depth);
      case Value.Select s -> select(s, depth);
      case Value.Cast c -> cast(c, depth);
      case Value.Bits b -> bits(b, depth);
      case Value.Splat s -> splat(s, depth);
      case Value.Lane l -> lane(l, depth);
      case Value.Join j -> join(j, depth);
    };
  }

  private Node constant(Value.Constant c) {
    Node to = allocate(c.type());
    Arrays.fill(to.real(), Arithmetic.round(c.type().dtype(), c.asDouble()));
    Arrays.fill(to.whole(), c.bits());
    return to;
  }

  private Node argument(Value.Argument a) {
    Long value = arguments.get(a.parameter().name());
    if (value == null) {
      throw new IllegalArgumentException(machine.kernel.name() + " has no parameter '" + a.parameter().name() + "'");
    }
    Node to = allocate(a.type());
    Arrays.fill(to.whole(), value);
    return to;
  }

  private Node lanes(Value.Lanes l) {
    Node to = allocate(l.type());
    for (int k = 0; k < to.whole().length; k++) {
      to.whole()[k] = k % l.lanes();
    }
    return to;
  }

  private Node id(Value.Id id) {
    Node to = allocate(id.type());
    starts.add(() -> {
      for (int i = 0; i < machine.size; i++) {
        to.whole()[i] = switch (id.kind()) {
          case GLOBAL -> machine.global(i, id.axis());
          case LOCAL -> machine.local(i, id.axis());
          case GROUP -> machine.group[id.axis()];
        };
      }
    });
    return to;
  }

  private Node load(Value.Load l, int depth) {
    Store store = store(l.memory());
    Node index = compile(l.index(), depth + 1);
    Node to = place(depth, l.type());
    return running(to, () -> {
      index.eval();
      for (int n = 0; n < machine.count; n++) {
        int i = machine.active[n];
        store.load(i, index.whole()[i], l.lanes(), l.aligned(), to.real(), to.whole(), i * l.lanes());
      }
    });
  }

  /** A loop over the results from {@code from} to before {@code to}. */
  private interface Range {
    void run(int from, int to);
  }

  /** Runs over the lanes of the active work items: one range for those that follow each other. */
  private void each(int lanes, Range body) {
    if (machine.count == machine.size) {
      body.run(0, machine.size * lanes);
      return;
    }
    int n = 0;
    while (n < machine.count) {
      int first = machine.active[n];
      int end = first + 1;
      for (n++; n < machine.count && machine.active[n] == end; n++) {
        end++;
      }
      body.run(first * lanes, end * lanes);
    }
  }

  private Node unary(Value.Unary u, int depth) {
    Node a = compile(u.a(), depth + 1);
    Node to = place(depth, u.type());
    int lanes = to.lanes();
    double[] x = a.real();
    long[] w = a.whole();
    long[] whole = to.whole();
    if (u.op() == UnaryOp.IS_NAN || u.op() == UnaryOp.IS_FINITE) {
      boolean nan = u.op() == UnaryOp.IS_NAN;
      return running(to, () -> {
        a.eval();
        each(lanes, (from, end) -> {
          for (int k = from; k < end; k++) {
            whole[k] = (nan ? Double.isNaN(x[k]) : Double.isFinite(x[k])) ? 1 : 0;
          }
        });
      });
    }
    if (a.floating()) {
      DoubleUnaryOperator f = Arithmetic.real(u.op(), a.type().dtype());
      double[] real = to.real();
      return running(to, () -> {
        a.eval();
        each(lanes, (from, end) -> {
          for (int k = from; k < end; k++) {
            real[k] = f.applyAsDouble(x[k]);
          }
        });
      });
    }
    LongUnaryOperator f = Arithmetic.whole(u.op(), a.type().dtype());
    return running(to, () -> {
      a.eval();
      each(lanes, (from, end) -> {
        for (int k = from; k < end; k++) {
          whole[k] = f.applyAsLong(w[k]);
        }
      });
    });
  }

  private Node binary(Value.Binary v, int depth) {
    Node a = compile(v.a(), depth + 1);
    Node b = compile(v.b(), depth + 2);
    Node to = place(depth, v.type());
    int lanes = to.lanes();
    DType dtype = a.type().dtype();
    if (a.floating()) {
      return v.op().isComparison() ? compare(v, a, b, to) : reals(v, a, b, to);
    }
    boolean exact = v.exact() && !v.op().isComparison() && dtype.isInteger();
    Loops.Whole f = exact ? Loops.exact(v.op(), dtype) : Loops.wrapping(v.op(), dtype);
    long[] x = a.whole();
    long[] y = b.whole();
    long[] whole = to.whole();
    return running(to, () -> {
      a.eval();
      b.eval();
      each(lanes, (from, end) -> {
        int wrong = f.run(x, y, whole, from, end);
        if (wrong >= 0) {
          throw machine.fault(
              Kind.OVERFLOW, wrong / lanes, 0, v + " of " + dtype + " with " + x[wrong] + " and " + y[wrong]);
        }
      });
    });
  }

  private Node compare(Value.Binary v, Node a, Node b, Node to) {
    Arithmetic.Test f = Arithmetic.test(v.op());
    double[] x = a.real();
    double[] y = b.real();
    long[] whole = to.whole();
    return running(to, () -> {
      a.eval();
      b.eval();
      each(to.lanes(), (from, end) -> {
        for (int k = from; k < end; k++) {
          whole[k] = f.test(x[k], y[k]) ? 1 : 0;
        }
      });
    });
  }

  private Node reals(Value.Binary v, Node a, Node b, Node to) {
    Loops.Real f = Loops.real(v.op(), a.type().dtype());
    double[] x = a.real();
    double[] y = b.real();
    double[] real = to.real();
    return running(to, () -> {
      a.eval();
      b.eval();
      each(to.lanes(), (from, end) -> f.run(x, y, real, from, end));
    });
  }

  private Node multiplyAdd(Value.MultiplyAdd m, int depth) {
    Node a = compile(m.a(), depth + 1);
    Node b = compile(m.b(), depth + 2);
    Node c = compile(m.c(), depth + 3);
    Node to = place(depth, m.type());
    boolean single = m.type().dtype() == DType.F32;
    double[] x = a.real();
    double[] y = b.real();
    double[] z = c.real();
    double[] real = to.real();
    return running(to, () -> {
      a.eval();
      b.eval();
      c.eval();
      each(to.lanes(), (from, end) -> {
        for (int k = from; k < end; k++) {
          real[k] = single ? Math.fma((float) x[k], (float) y[k], (float) z[k]) : Math.fma(x[k], y[k], z[k]);
        }
      });
    });
  }

  private Node select(Value.Select s, int depth) {
    Node c = compile(s.condition(), depth + 1);
    Node a = compile(s.a(), depth + 2);
    Node b = compile(s.b(), depth + 3);
    Node to = place(depth, s.type());
    boolean floating = to.floating();
    return running(to, () -> {
      c.eval();
      a.eval();
      b.eval();
      each(to.lanes(), (from, end) -> {
        for (int k = from; k < end; k++) {
          Node chosen = c.whole()[k] != 0 ? a : b;
          if (floating) {
            to.real()[k] = chosen.real()[k];
          } else {
            to.whole()[k] = chosen.whole()[k];
          }
        }
      });
    });
  }

  private Node cast(Value.Cast v, int depth) {
    Node a = compile(v.a(), depth + 1);
    Node to = place(depth, v.type());
    DType dtype = v.to();
    boolean fromReal = a.floating();
    boolean toReal = to.floating();
    return running(to, () -> {
      a.eval();
      each(to.lanes(), (from, end) -> {
        for (int k = from; k < end; k++) {
          if (toReal) {
            double x = fromReal ? a.real()[k] : a.whole()[k];
            to.real()[k] = !fromReal && dtype == DType.F32 ? (float) a.whole()[k] : Arithmetic.round(dtype, x);
          } else if (fromReal) {
            to.whole()[k] = Arithmetic.toWhole(a.real()[k], dtype);
          } else {
            to.whole()[k] = dtype == DType.BOOL ? (a.whole()[k] != 0 ? 1 : 0) : Arithmetic.wrap(dtype, a.whole()[k]);
          }
        }
      });
    });
  }

  private Node bits(Value.Bits v, int depth) {
    Node a = compile(v.a(), depth + 1);
    Node to = place(depth, v.type());
    boolean single = v.to().bytes() == 4;
    return running(to, () -> {
      a.eval();
      each(to.lanes(), (from, end) -> {
        for (int k = from; k < end; k++) {
          if (to.floating()) {
            to.real()[k] = single ? Float.intBitsToFloat((int) a.whole()[k]) : Double.longBitsToDouble(a.whole()[k]);
          } else {
            to.whole()[k] = single
                ? Float.floatToRawIntBits((float) a.real()[k])
                : Double.doubleToRawLongBits(a.real()[k]);
          }
        }
      });
    });
  }

  private Node splat(Value.Splat v, int depth) {
    Node a = compile(v.a(), depth + 1);
    return gather(List.of(a), place(depth, v.type()), 0);
  }

  private Node lane(Value.Lane v, int depth) {
    Node a = compile(v.a(), depth + 1);
    return gather(List.of(a), place(depth, v.type()), v.lane());
  }

  private Node join(Value.Join v, int depth) {
    List<Node> parts = new ArrayList<>();
    for (int p = 0; p < v.parts().size(); p++) {
      parts.add(compile(v.parts().get(p), depth + 1 + p));
    }
    return gather(parts, place(depth, v.type()), 0);
  }

  /** Lane {@code l} of the result is lane {@code lane} of part {@code l}, or of the only part. */
  private Node gather(List<Node> parts, Node to, int lane) {
    Node[] from = parts.toArray(Node[]::new);
    int lanes = to.lanes();
    boolean floating = to.floating();
    return running(to, () -> {
      for (Node part : from) {
        part.eval();
      }
      for (int n = 0; n < machine.count; n++) {
        int i = machine.active[n];
        for (int l = 0; l < lanes; l++) {
          Node part = from[from.length == 1 ? 0 : l];
          int at = i * part.lanes() + lane;
          if (floating) {
            to.real()[i * lanes + l] = part.real()[at];
          } else {
            to.whole()[i * lanes + l] = part.whole()[at];
          }
        }
      }
    });
  }
}
