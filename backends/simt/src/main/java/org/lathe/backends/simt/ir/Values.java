package org.lathe.backends.simt.ir;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * Makes values: checks types, folds integer constants, and drops what adds nothing, so that the printed index arithmetic
 * stays readable. A scalar beside a vector is splatted, an i32 beside an i64 is widened.
 */
public final class Values {
  private Values() {}

  public static Value constant(DType dtype, double value) {
    return new Value.Constant(
        Type.of(dtype), dtype.isFloating() ? Double.doubleToLongBits(value) : (long) value);
  }

  public static Value constant(float value) {
    return constant(DType.F32, value);
  }

  /** An integer: i32 where it fits, else i64. */
  public static Value index(long value) {
    return new Value.Constant(value == (int) value ? Type.I32 : Type.I64, value);
  }

  public static Value bool(boolean value) {
    return new Value.Constant(Type.BOOL, value ? 1 : 0);
  }

  public static Value globalId(int axis) {
    return new Value.Id(Value.Id.Kind.GLOBAL, axis);
  }

  public static Value localId(int axis) {
    return new Value.Id(Value.Id.Kind.LOCAL, axis);
  }

  public static Value groupId(int axis) {
    return new Value.Id(Value.Id.Kind.GROUP, axis);
  }

  public static Value read(Variable variable) {
    return new Value.Read(variable);
  }

  public static Value argument(Parameter.Scalar parameter) {
    return new Value.Argument(parameter);
  }

  public static Value lanes(int lanes) {
    return lanes == 1 ? index(0) : new Value.Lanes(lanes);
  }

  public static Value load(Memory memory, Value index) {
    return load(memory, index, 1, false);
  }

  public static Value load(Memory memory, Value index, int lanes, boolean aligned) {
    checkIndex(index);
    return new Value.Load(memory, index, lanes, lanes > 1 && aligned);
  }

  static void checkIndex(Value index) {
    Type t = index.type();
    require(t.equals(Type.I32) || t.equals(Type.I64), "an index of " + t);
  }

  public static Value add(Value a, Value b) {
    return exact(BinaryOp.ADD, a, b);
  }

  public static Value add(Value a, long b) {
    return add(a, index(b));
  }

  public static Value sub(Value a, Value b) {
    return exact(BinaryOp.SUB, a, b);
  }

  public static Value sub(Value a, long b) {
    return add(a, index(-b));
  }

  public static Value mul(Value a, Value b) {
    return exact(BinaryOp.MUL, a, b);
  }

  public static Value mul(Value a, long b) {
    return mul(a, index(b));
  }

  public static Value div(Value a, long b) {
    return exact(BinaryOp.DIV, a, index(b));
  }

  public static Value rem(Value a, long b) {
    return exact(BinaryOp.REM, a, index(b));
  }

  public static Value min(Value a, Value b) {
    return exact(BinaryOp.MIN, a, b);
  }

  public static Value max(Value a, Value b) {
    return exact(BinaryOp.MAX, a, b);
  }

  public static Value less(Value a, Value b) {
    return exact(BinaryOp.LT, a, b);
  }

  public static Value less(Value a, long b) {
    return less(a, index(b));
  }

  public static Value atLeast(Value a, long b) {
    return exact(BinaryOp.GE, a, index(b));
  }

  public static Value equal(Value a, long b) {
    return exact(BinaryOp.EQ, a, index(b));
  }

  /** Whether all hold; true of none. */
  public static Value and(Value... conditions) {
    Value all = bool(true);
    for (Value c : conditions) {
      all = exact(BinaryOp.AND, all, c);
    }
    return all;
  }

  public static Value mad(Value a, Value b, Value c) {
    int lanes = Math.max(a.type().lanes(), Math.max(b.type().lanes(), c.type().lanes()));
    Value x = splat(a, lanes);
    Value y = splat(b, lanes);
    Value z = splat(c, lanes);
    require(
        x.type().dtype().isFloating() && x.type().equals(y.type()) && x.type().equals(z.type()),
        "a multiply-add of " + x.type() + ", " + y.type() + " and " + z.type());
    return new Value.MultiplyAdd(x, y, z);
  }

  public static Value unary(UnaryOp op, Value a) {
    DType dtype = a.type().dtype();
    boolean test = op == UnaryOp.IS_NAN || op == UnaryOp.IS_FINITE;
    boolean fits = switch (op) {
      case NOT -> dtype == DType.BOOL;
      case NEG, ABS, SIGN -> dtype != DType.BOOL;
      default -> dtype.isFloating();
    };
    require(fits, op + " of " + a.type());
    return new Value.Unary(op, a, test ? a.type().withDtype(DType.BOOL) : a.type());
  }

  /** As the op says: integers wrap. The arithmetic above is of indices, which do not. */
  public static Value binary(BinaryOp op, Value first, Value second) {
    return binary(op, first, second, false);
  }

  private static Value exact(BinaryOp op, Value first, Value second) {
    return binary(op, first, second, true);
  }

  static Value binary(BinaryOp op, Value first, Value second, boolean exact) {
    int lanes = Math.max(first.type().lanes(), second.type().lanes());
    Value a = splat(first, lanes);
    Value b = splat(second, lanes);
    if (a.type().dtype() == DType.I32 && b.type().dtype() == DType.I64) {
      a = cast(a, DType.I64);
    } else if (a.type().dtype() == DType.I64 && b.type().dtype() == DType.I32) {
      b = cast(b, DType.I64);
    }
    require(a.type().equals(b.type()), op + " of " + a.type() + " and " + b.type());
    Type type = op.isComparison() ? a.type().withDtype(DType.BOOL) : a.type();
    Value simpler = simplify(op, a, b, type, exact);
    return simpler != null ? simpler : new Value.Binary(op, a, b, type, exact);
  }

  private static @Nullable Value simplify(BinaryOp op, Value a, Value b, Type type, boolean exact) {
    DType dtype = a.type().dtype();
    boolean integer = dtype == DType.I32 || dtype == DType.I64;
    if (!integer && dtype != DType.BOOL) {
      return null;
    }
    if (a instanceof Value.Constant x && b instanceof Value.Constant y) {
      return fold(op, x.bits(), y.bits(), dtype, type);
    }
    if (b instanceof Value.Constant y) {
      long c = y.bits();
      switch (op) {
        case ADD, SUB, OR, XOR, SHL, SHR -> {
          if (c == 0) {
            return a;
          }
        }
        case MUL -> {
          if (c == 1) {
            return a;
          }
          if (c == 0) {
            return b;
          }
        }
        case DIV -> {
          if (c == 1) {
            return a;
          }
        }
        case REM -> {
          if (c == 1) {
            return new Value.Constant(type, 0);
          }
        }
        case AND -> {
          if (dtype == DType.BOOL) {
            return c == 1 ? a : b;
          }
        }
        default -> {}
      }
      // (x + c) + d is x + (c + d): the offsets of unrolled code
      if (op == BinaryOp.ADD && a instanceof Value.Binary in && in.op() == BinaryOp.ADD
          && in.b() instanceof Value.Constant d) {
        long sum = d.bits() + c;
        if (dtype == DType.I64 || sum == (int) sum) {
          return binary(BinaryOp.ADD, in.a(), new Value.Constant(b.type(), sum), exact && in.exact());
        }
      }
      return null;
    }
    return a instanceof Value.Constant && op.isCommutative() && !(b instanceof Value.Constant)
        ? binary(op, b, a, exact)
        : null;
  }

  private static @Nullable Value fold(BinaryOp op, long a, long b, DType dtype, Type type) {
    long r;
    switch (op) {
      case ADD -> r = a + b;
      case SUB -> r = a - b;
      case MUL -> r = a * b;
      case DIV -> r = b == 0 ? 0 : a / b;
      case REM -> r = b == 0 ? 0 : a % b;
      case MAX -> r = Math.max(a, b);
      case MIN -> r = Math.min(a, b);
      case AND -> r = a & b;
      case OR -> r = a | b;
      case XOR -> r = a ^ b;
      case LT -> r = a < b ? 1 : 0;
      case LE -> r = a <= b ? 1 : 0;
      case GT -> r = a > b ? 1 : 0;
      case GE -> r = a >= b ? 1 : 0;
      case EQ -> r = a == b ? 1 : 0;
      case NE -> r = a != b ? 1 : 0;
      default -> {
        return null;
      }
    }
    return new Value.Constant(type, dtype == DType.I32 && !op.isComparison() ? (int) r : r);
  }

  public static Value select(Value condition, Value a, Value b) {
    int lanes = Math.max(condition.type().lanes(), Math.max(a.type().lanes(), b.type().lanes()));
    Value x = splat(a, lanes);
    Value y = splat(b, lanes);
    require(condition.type().dtype() == DType.BOOL, "a select by " + condition.type());
    require(x.type().equals(y.type()), "a select of " + a.type() + " and " + b.type());
    if (condition instanceof Value.Constant c) {
      return c.bits() != 0 ? x : y;
    }
    return new Value.Select(splat(condition, lanes), x, y);
  }

  public static Value cast(Value a, DType to) {
    if (a.type().dtype() == to) {
      return a;
    }
    if (a instanceof Value.Constant c && to == DType.I64 && c.type().dtype() == DType.I32) {
      return new Value.Constant(c.type().withDtype(to), c.bits());
    }
    return new Value.Cast(a, to);
  }

  public static Value bits(Value a, DType to) {
    require(a.type().dtype().bytes() == to.bytes() && a.type().dtype().isFloating() != to.isFloating(),
        "the bits of " + a.type() + " as " + to);
    return new Value.Bits(a, to);
  }

  public static Value splat(Value a, int lanes) {
    if (a.type().lanes() == lanes) {
      return a;
    }
    require(a.type().isScalar(), "a splat of " + a.type() + " to " + lanes + " lanes");
    return a instanceof Value.Constant c
        ? new Value.Constant(c.type().withLanes(lanes), c.bits())
        : new Value.Splat(a, lanes);
  }

  public static Value lane(Value a, int lane) {
    require(lane >= 0 && lane < a.type().lanes(), "lane " + lane + " of " + a.type());
    return a.type().isScalar() ? a : new Value.Lane(a, lane);
  }

  public static Value join(List<Value> parts) {
    for (Value p : parts) {
      require(p.type().equals(parts.getFirst().type()) && p.type().isScalar(), "a join of " + p.type());
    }
    return parts.size() == 1 ? parts.getFirst() : new Value.Join(parts);
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new IllegalArgumentException("illegal in a kernel: " + what);
    }
  }
}
