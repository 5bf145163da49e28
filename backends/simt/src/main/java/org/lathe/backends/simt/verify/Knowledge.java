package org.lathe.backends.simt.verify;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * What is known at one point of a kernel of the integers there: of variables, and of whole values that a guard compared.
 * Of a vector, what holds for all lanes.
 */
final class Knowledge {
  private final Kernel kernel;
  private final Dims global;
  private final Map<String, Long> arguments;
  /** Values of names that are given once: what is learnt of the name is learnt of them. */
  private final Map<Variable, Value> definitions;
  private final Map<Variable, Interval> variables;
  private final Map<Value, Interval> facts;
  private boolean unreachable;

  Knowledge(Kernel kernel, Dims global, Map<String, Long> arguments, Map<Variable, Value> definitions) {
    this(kernel, global, arguments, definitions, new HashMap<>(), new HashMap<>());
  }

  private Knowledge(
      Kernel kernel, Dims global, Map<String, Long> arguments, Map<Variable, Value> definitions,
      Map<Variable, Interval> variables, Map<Value, Interval> facts) {
    this.kernel = kernel;
    this.global = global;
    this.arguments = arguments;
    this.definitions = definitions;
    this.variables = variables;
    this.facts = facts;
  }

  Knowledge copy() {
    Knowledge k = new Knowledge(
        kernel, global, arguments, definitions, new HashMap<>(variables), new HashMap<>(facts));
    k.unreachable = unreachable;
    return k;
  }

  /** Whether what is assumed cannot be. */
  boolean isUnreachable() {
    return unreachable;
  }

  /** Learns a variable's value, in place of what was known of it. */
  void set(Variable v, Interval value) {
    if (variables.put(v, value) != null) {
      facts.keySet().removeIf(f -> mentions(f, v));
    }
  }

  /** Forgets what these variables hold. */
  void forget(Set<Variable> changed) {
    for (Variable v : changed) {
      if (variables.containsKey(v)) {
        variables.put(v, Interval.of(v.type().dtype()));
      }
    }
    facts.keySet().removeIf(f -> changed.stream().anyMatch(v -> mentions(f, v)));
  }

  private static boolean mentions(Value value, Variable v) {
    return value instanceof Value.Read(Variable w) && w.equals(v)
        || value.operands().stream().anyMatch(o -> mentions(o, v));
  }

  /** The integers that the value may be; all of its type's where nothing is known. Of a floating value nothing is known. */
  Interval of(Value value) {
    if (value.type().dtype().isFloating()) {
      return Interval.ALL;
    }
    Interval all = Interval.of(value.type().dtype());
    Interval own = compute(value);
    Interval result = !wraps(value) ? own.and(all) : all.contains(own) && !own.isSaturated() ? own : all;
    Interval fact = facts.isEmpty() || value instanceof Value.Constant ? null : facts.get(value);
    return fact == null ? result : result.and(fact);
  }

  /** Whether a result that does not fit loses its high bits. */
  private static boolean wraps(Value value) {
    return value instanceof Value.Binary b && !b.exact() || value instanceof Value.Unary;
  }

  private Interval compute(Value value) {
    return switch (value) {
      case Value.Constant c -> Interval.of(c.bits());
      case Value.Lanes(int lanes) -> new Interval(0, lanes - 1);
      case Value.Id(Value.Id.Kind kind, int axis) -> new Interval(0, switch (kind) {
        case GLOBAL -> global.get(axis);
        case LOCAL -> kernel.local().get(axis);
        case GROUP -> global.get(axis) / kernel.local().get(axis);
      } - 1);
      case Value.Argument a -> {
        Long number = arguments.get(a.parameter().name());
        yield number == null ? Interval.of(a.type().dtype()) : Interval.of(number);
      }
      case Value.Read(Variable v) -> variables.getOrDefault(v, Interval.of(v.type().dtype()));
      case Value.Load l -> Interval.of(l.memory().dtype());
      case Value.Unary(UnaryOp op, Value a, var type) ->
        op == UnaryOp.NEG ? of(a).negated() : Interval.of(type.dtype());
      case Value.Binary b -> b.a().type().dtype().isFloating() ? Interval.BOOL : binary(b);
      case Value.Select(Value condition, Value a, Value b) -> {
        Interval c = of(condition);
        yield c.low() > 0 ? of(a) : c.high() < 1 ? of(b) : of(a).or(of(b));
      }
      case Value.Cast(Value a, DType to) -> cast(a, to);
      case Value.Splat(Value a, int lanes) -> of(a);
      case Value.Lane(Value a, int lane) -> a instanceof Value.Lanes ? Interval.of(lane) : of(a);
      case Value.Join(List<Value> parts) -> parts.stream().map(this::of).reduce(Interval::or).orElse(Interval.ALL);
      case Value.MultiplyAdd m -> Interval.ALL;
      case Value.Bits b -> Interval.of(b.to());
    };
  }

  private Interval cast(Value a, DType to) {
    Interval all = Interval.of(to);
    Interval from = of(a);
    if (a.type().dtype().isFloating()) {
      return all;
    }
    if (to == DType.BOOL) {
      return from.low() > 0 || from.high() < 0 ? Interval.of(1) : from.equals(Interval.of(0)) ? from : Interval.BOOL;
    }
    return all.contains(from) ? from : all;
  }

  private Interval binary(Value.Binary v) {
    Interval a = of(v.a());
    Interval b = of(v.b());
    return switch (v.op()) {
      case ADD -> a.plus(b);
      case SUB -> a.minus(b);
      case MUL -> a.times(b);
      case DIV -> b.isPoint() && b.low() > 0 ? a.dividedBy(b.low()) : Interval.ALL;
      case REM -> b.isPoint() && b.low() > 0 ? a.remainderBy(b.low()) : Interval.ALL;
      case MAX -> new Interval(Math.max(a.low(), b.low()), Math.max(a.high(), b.high()));
      case MIN -> new Interval(Math.min(a.low(), b.low()), Math.min(a.high(), b.high()));
      case AND -> {
        if (a.low() < 0 && b.low() < 0) {
          yield Interval.ALL;
        }
        yield new Interval(
            v.type().dtype() == DType.BOOL ? Math.min(a.low(), b.low()) : 0,
            a.low() < 0 ? b.high() : b.low() < 0 ? a.high() : Math.min(a.high(), b.high()));
      }
      case OR, XOR -> {
        if (v.type().dtype() == DType.BOOL) {
          boolean or = v.op() == BinaryOp.OR;
          yield or ? new Interval(Math.max(a.low(), b.low()), Math.max(a.high(), b.high())) : Interval.BOOL;
        }
        yield a.allBits().or(b.allBits());
      }
      case SHL -> b.isPoint() && b.low() >= 0 && b.low() < 31 ? a.times(Interval.of(1L << b.low())) : Interval.ALL;
      case SHR -> b.isPoint() && b.low() >= 0 && b.low() < 31 && a.low() >= 0
          ? a.dividedBy(1L << b.low())
          : Interval.ALL;
      case LT -> known(a.high() < b.low(), a.low() >= b.high());
      case LE -> known(a.high() <= b.low(), a.low() > b.high());
      case GT -> known(a.low() > b.high(), a.high() <= b.low());
      case GE -> known(a.low() >= b.high(), a.high() < b.low());
      case EQ -> known(a.isPoint() && a.equals(b), a.and(b).isEmpty());
      case NE -> known(a.and(b).isEmpty(), a.isPoint() && a.equals(b));
      case POW -> Interval.ALL;
    };
  }

  private static Interval known(boolean yes, boolean no) {
    return yes ? Interval.of(1) : no ? Interval.of(0) : Interval.BOOL;
  }

  /** Learns that the condition is {@code truth}. */
  void assume(Value condition, boolean truth) {
    if (!of(condition).contains(Interval.of(truth ? 1 : 0))) {
      unreachable = true;
      return;
    }
    switch (condition) {
      case Value.Unary(UnaryOp op, Value a, var type) when op == UnaryOp.NOT -> assume(a, !truth);
      case Value.Read(Variable v) -> {
        Value definition = definitions.get(v);
        if (definition != null) {
          assume(definition, truth);
        }
      }
      case Value.Binary b when b.type().dtype() == DType.BOOL && b.a().type().dtype() == DType.BOOL -> {
        boolean all = b.op() == BinaryOp.AND && truth || b.op() == BinaryOp.OR && !truth;
        if (all) {
          assume(b.a(), truth);
          assume(b.b(), truth);
        }
      }
      case Value.Binary b when b.op().isComparison() && b.a().type().dtype().isInteger() ->
        compare(truth ? b.op() : opposite(b.op()), b.a(), b.b());
      default -> {}
    }
  }

  private static BinaryOp opposite(BinaryOp op) {
    return switch (op) {
      case LT -> BinaryOp.GE;
      case LE -> BinaryOp.GT;
      case GT -> BinaryOp.LE;
      case GE -> BinaryOp.LT;
      case EQ -> BinaryOp.NE;
      default -> BinaryOp.EQ;
    };
  }

  private void compare(BinaryOp op, Value a, Value b) {
    Interval x = of(a);
    Interval y = of(b);
    switch (op) {
      case LT -> {
        limit(a, new Interval(Long.MIN_VALUE, y.high() - 1));
        limit(b, new Interval(x.low() + 1, Long.MAX_VALUE));
      }
      case LE -> {
        limit(a, new Interval(Long.MIN_VALUE, y.high()));
        limit(b, new Interval(x.low(), Long.MAX_VALUE));
      }
      case GT, GE -> compare(op == BinaryOp.GT ? BinaryOp.LT : BinaryOp.LE, b, a);
      case EQ -> {
        limit(a, y);
        limit(b, x);
      }
      default -> {
        if (y.isPoint() && y.low() == x.low()) {
          limit(a, new Interval(y.low() + 1, Long.MAX_VALUE));
        } else if (y.isPoint() && y.low() == x.high()) {
          limit(a, new Interval(Long.MIN_VALUE, y.low() - 1));
        }
      }
    }
  }

  /** Learns that the value is within, and what follows for its parts. */
  private void limit(Value value, Interval within) {
    Interval now = of(value).and(within);
    if (now.isEmpty()) {
      unreachable = true;
      return;
    }
    if (value instanceof Value.Constant) {
      return;
    }
    if (!(value instanceof Value.Read)) {
      facts.put(value, now);
    }
    switch (value) {
      case Value.Read(Variable v) -> {
        variables.put(v, now);
        Value definition = definitions.get(v);
        if (definition != null) {
          limit(definition, now);
        }
      }
      case Value.Cast(Value a, DType to) when a.type().dtype() == DType.I32 && to == DType.I64 -> limit(a, now);
      case Value.Splat(Value a, int lanes) -> limit(a, now);
      case Value.Binary b when b.exact() -> {
        Interval x = of(b.a());
        Interval y = of(b.b());
        switch (b.op()) {
          case ADD -> {
            limit(b.a(), now.minus(y));
            limit(b.b(), now.minus(x));
          }
          case SUB -> {
            limit(b.a(), now.plus(y));
            limit(b.b(), x.minus(now));
          }
          case MUL -> {
            if (y.isPoint() && y.low() > 0) {
              limit(b.a(), now.factors(y.low()));
            }
          }
          default -> {}
        }
      }
      default -> {}
    }
  }

  /** Joins with what is known at the end of another branch, which began with the same knowledge. */
  void join(Knowledge other) {
    if (other.unreachable) {
      return;
    }
    if (unreachable) {
      variables.clear();
      variables.putAll(other.variables);
      facts.clear();
      facts.putAll(other.facts);
      unreachable = false;
      return;
    }
    variables.replaceAll((v, mine) -> {
      @Nullable
      Interval theirs = other.variables.get(v);
      return theirs == null ? mine : mine.or(theirs);
    });
    Set<Value> gone = new HashSet<>();
    facts.replaceAll((f, mine) -> {
      @Nullable
      Interval theirs = other.facts.get(f);
      if (theirs == null) {
        gone.add(f);
        return mine;
      }
      return mine.or(theirs);
    });
    facts.keySet().removeAll(gone);
  }
}
