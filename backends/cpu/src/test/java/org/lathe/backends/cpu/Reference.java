package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/**
 * Evaluates expressions one point at a time, straight from the documentation of the operations: each node in double or
 * long, then rounded to its type.
 */
final class Reference {
  private Reference() {}

  /** A value: {@code real} for floating types, {@code whole} for all others. */
  record Value(double real, long whole) {
    static Value of(DType type, double real) {
      return new Value(round(type, real), 0);
    }

    static Value of(DType type, long whole) {
      return new Value(0, switch (type) {
        case I32 -> (int) whole;
        case U8 -> whole & 0xff;
        case BOOL -> whole != 0 ? 1 : 0;
        default -> whole;
      });
    }

    static Value number(DType type, double value) {
      return type.isFloating() ? of(type, value) : of(type, (long) value);
    }

    double asDouble(DType type) {
      return type.isFloating() ? real : whole;
    }
  }

  static double round(DType type, double x) {
    return switch (type) {
      case F64 -> x;
      case F32 -> (float) x;
      default -> x;
    };
  }

  static double roundHalf(DType type, double x) {
    float f = (float) x;
    if (type == DType.F16) {
      return Float.float16ToFloat(Float.floatToFloat16(f));
    }
    if (Float.isNaN(f) || Float.isInfinite(f) || f == 0) {
      return f;
    }
    // bfloat16 has 8 significant bits; a subnormal keeps the spacing of the least exponent.
    double ulp = Math.scalb(1.0, Math.max(Math.getExponent(f), -126) - 7);
    double r = Math.rint(f / ulp) * ulp;
    return Math.abs(r) >= Math.scalb(1.0, 128) ? Math.copySign(Double.POSITIVE_INFINITY, r) : r;
  }

  /** Values of all nodes; half nodes are kept in f32. */
  static Value[] eval(Expr e, Value[] inputs, long[] index) {
    Value[] v = new Value[e.nodes().size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = switch (e.nodes().get(i)) {
        case Expr.Input in -> inputs[in.index()];
        case Expr.Constant c -> c.type().isFloating()
            ? new Value(half(c.type()) ? roundHalf(c.type(), c.value()) : round(c.type(), c.value()), 0)
            : Value.of(c.type(), c.bits());
        case Expr.Index x -> Value.of(DType.I32, index[x.dim()]);
        case Expr.Unary u -> unary(u.op(), e.nodes().get(u.a()).type(), v[u.a()]);
        case Expr.Binary b -> binary(b.op(), e.nodes().get(b.a()).type(), v[b.a()], v[b.b()]);
        case Expr.Select s -> v[s.condition()].whole() != 0 ? v[s.a()] : v[s.b()];
        case Expr.Cast c -> cast(e.nodes().get(c.a()).type(), v[c.a()], c.type());
      };
    }
    return v;
  }

  static boolean half(DType t) {
    return t == DType.F16 || t == DType.BF16;
  }

  private static Value unary(UnaryOp op, DType t, Value v) {
    DType c = t.compute();
    double x = v.real();
    if (!t.isFloating()) {
      return Value.of(t, switch (op) {
        case NEG -> -v.whole();
        case ABS -> t == DType.I32 ? Math.abs((int) v.whole()) : Math.abs(v.whole());
        case SIGN -> Long.signum(v.whole());
        case NOT -> 1 - v.whole();
        default -> v.whole();
      });
    }
    return switch (op) {
      case IS_NAN -> Value.of(DType.BOOL, Double.isNaN(x) ? 1 : 0);
      case IS_FINITE -> Value.of(DType.BOOL, Double.isFinite(x) ? 1 : 0);
      case RSQRT -> Value.of(c, 1 / round(c, Math.sqrt(x)));
      default -> Value.of(c, real(op, x));
    };
  }

  static double real(UnaryOp op, double x) {
    return switch (op) {
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SIGN -> Math.signum(x);
      case RECIPROCAL -> 1 / x;
      case SQRT -> Math.sqrt(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case EXP -> Math.exp(x);
      case EXPM1 -> Math.expm1(x);
      case LOG -> Math.log(x);
      case LOG1P -> Math.log1p(x);
      case SIN -> Math.sin(x);
      case COS -> Math.cos(x);
      case TANH -> Math.tanh(x);
      case SIGMOID -> x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));
      case ERF -> erf(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND -> Math.rint(x);
      default -> throw new IllegalArgumentException(op.name());
    };
  }

  /** The error function by composite Simpson integration of its definition. */
  static double erf(double x) {
    if (Double.isNaN(x) || Math.abs(x) > 6) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    if (Math.abs(x) < 1e-4) {
      return 2 / Math.sqrt(Math.PI) * (x - x * x * x / 3);
    }
    int n = 4000;
    double h = x / n;
    double s = 1 + Math.exp(-x * x);
    for (int i = 1; i < n; i++) {
      s += (i % 2 == 0 ? 2 : 4) * Math.exp(-(i * h) * (i * h));
    }
    return 2 / Math.sqrt(Math.PI) * s * h / 3;
  }

  static Value binary(BinaryOp op, DType t, Value a, Value b) {
    if (op.isComparison()) {
      int order = t.isFloating() ? 0 : Long.compare(a.whole(), b.whole());
      double x = t.isFloating() ? a.real() : order;
      double y = t.isFloating() ? b.real() : 0;
      return Value.of(DType.BOOL, switch (op) {
        case LT -> x < y;
        case LE -> x <= y;
        case GT -> x > y;
        case GE -> x >= y;
        case EQ -> x == y;
        default -> x != y;
      } ? 1 : 0);
    }
    if (t.isFloating()) {
      double x = a.real();
      double y = b.real();
      return Value.of(t.compute(), switch (op) {
        case ADD -> x + y;
        case SUB -> x - y;
        case MUL -> x * y;
        case DIV -> x / y;
        case REM -> x % y;
        case POW -> Math.pow(x, y);
        case MAX -> Math.max(x, y);
        case MIN -> Math.min(x, y);
        default -> throw new IllegalArgumentException(op.name());
      });
    }
    long x = a.whole();
    long y = b.whole();
    boolean wide = t == DType.I64;
    return Value.of(t, switch (op) {
      case ADD -> x + y;
      case SUB -> x - y;
      case MUL -> x * y;
      case DIV -> y == 0 ? 0 : x / y;
      case REM -> y == 0 ? 0 : x % y;
      case MAX -> Math.max(x, y);
      case MIN -> Math.min(x, y);
      case AND -> x & y;
      case OR -> x | y;
      case XOR -> x ^ y;
      case SHL -> wide ? x << y : (int) x << y;
      case SHR -> wide ? x >>> y : (int) x >>> y;
      default -> throw new IllegalArgumentException(op.name());
    });
  }

  static Value cast(DType from, Value v, DType to) {
    if (from == to) {
      return v;
    }
    double x = from.isFloating() ? v.real() : 0;
    if (half(from)) {
      x = roundHalf(from, x);
    }
    return switch (to) {
      case F32, F64 -> from.isFloating()
          ? Value.of(to, x)
          : new Value(to == DType.F32 ? (float) v.whole() : (double) v.whole(), 0);
      case F16, BF16 -> new Value(roundHalf(to, from.isFloating() ? x : (float) v.whole()), 0);
      case I32 -> from.isFloating() ? Value.of(to, (int) x) : Value.of(to, v.whole());
      case I64 -> from.isFloating() ? Value.of(to, (long) x) : Value.of(to, v.whole());
      case U8 -> from.isFloating()
          ? Value.of(to, (long) Math.max(0, Math.min(255, Double.isNaN(x) ? 0 : x)))
          : Value.of(to, v.whole());
      case BOOL -> Value.of(to, (from.isFloating() ? x != 0 : v.whole() != 0) ? 1 : 0);
    };
  }

  static Value load(DType t, long address) {
    return switch (t) {
      case F32 -> new Value(Memory.getFloat(address), 0);
      case F64 -> new Value(Memory.getDouble(address), 0);
      case F16 -> new Value(Float.float16ToFloat(Memory.getShort(address)), 0);
      case BF16 -> new Value(Float.intBitsToFloat(Memory.getShort(address) << 16), 0);
      case I32 -> Value.of(t, Memory.getInt(address));
      case I64 -> Value.of(t, Memory.getLong(address));
      case U8, BOOL -> Value.of(t, Memory.getByte(address) & 0xff);
    };
  }

  static void store(DType t, long address, Value v) {
    switch (t) {
      case F32 -> Memory.putFloat(address, (float) v.real());
      case F64 -> Memory.putDouble(address, v.real());
      case F16 -> Memory.putShort(address, Float.floatToFloat16((float) v.real()));
      case BF16 -> Memory.putShort(address,
          (short) (Float.floatToRawIntBits((float) roundHalf(t, v.real())) >>> 16));
      case I32 -> Memory.putInt(address, (int) v.whole());
      case I64 -> Memory.putLong(address, v.whole());
      case U8, BOOL -> Memory.putByte(address, (byte) v.whole());
    }
  }
}
