package org.lathe.backends.simt.interp;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/**
 * The operators, in double and long. An f32 result is rounded once: for a sum, product, quotient or root of floats that
 * gives the bits of float arithmetic, since double has more than twice the digits.
 */
final class Arithmetic {
  private Arithmetic() {}

  /** The nearest value of the type, ties to even. */
  static double round(DType type, double x) {
    return switch (type) {
      case F32 -> (float) x;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) x));
      case BF16 -> bfloat((float) x);
      default -> x;
    };
  }

  private static float bfloat(float x) {
    int bits = Float.floatToIntBits(x);
    return Float.isNaN(x) ? x : Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
  }

  /** What is left of an integer in the type. */
  static long wrap(DType type, long x) {
    return switch (type) {
      case I32 -> (int) x;
      case U8 -> x & 0xff;
      case BOOL -> x & 1;
      default -> x;
    };
  }

  static DoubleUnaryOperator real(UnaryOp op, DType type) {
    DoubleUnaryOperator f = real(op);
    if (op == UnaryOp.RSQRT && type == DType.F32) {
      return x -> (float) (1 / (float) Math.sqrt(x));
    }
    return type == DType.F32 ? x -> (float) f.applyAsDouble(x) : f;
  }

  private static DoubleUnaryOperator real(UnaryOp op) {
    return switch (op) {
      case NEG -> x -> -x;
      case ABS -> Math::abs;
      case SIGN -> Math::signum;
      case RECIPROCAL -> x -> 1 / x;
      case SQRT -> Math::sqrt;
      case RSQRT -> x -> 1 / Math.sqrt(x);
      case EXP -> Math::exp;
      case EXPM1 -> Math::expm1;
      case LOG -> Math::log;
      case LOG1P -> Math::log1p;
      case SIN -> Math::sin;
      case COS -> Math::cos;
      case TANH -> Math::tanh;
      case SIGMOID -> x -> 1 / (1 + Math.exp(-x));
      case ERF -> Arithmetic::erf;
      case FLOOR -> Math::floor;
      case CEIL -> Math::ceil;
      case ROUND -> Math::rint;
      case NOT, IS_NAN, IS_FINITE -> throw new IllegalArgumentException(op + " gives no real");
    };
  }

  /** Abramowitz and Stegun 1964, 7.1.6: a series whose terms have one sign. */
  private static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a > 6) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  static LongUnaryOperator whole(UnaryOp op, DType type) {
    return switch (op) {
      case NEG -> x -> wrap(type, -x);
      case ABS -> type == DType.I32 ? x -> Math.abs((int) x) : Math::abs;
      case SIGN -> Long::signum;
      case NOT -> x -> 1 - x;
      default -> throw new IllegalArgumentException(op + " of " + type);
    };
  }

  static DoubleBinaryOperator real(BinaryOp op, DType type) {
    boolean single = type == DType.F32;
    return switch (op) {
      case ADD -> single ? (x, y) -> (float) (x + y) : Double::sum;
      case SUB -> single ? (x, y) -> (float) (x - y) : (x, y) -> x - y;
      case MUL -> single ? (x, y) -> (float) (x * y) : (x, y) -> x * y;
      case DIV -> single ? (x, y) -> (float) (x / y) : (x, y) -> x / y;
      case REM -> (x, y) -> x % y;
      case POW -> single ? (x, y) -> (float) Math.pow(x, y) : Math::pow;
      case MAX -> Math::max;
      case MIN -> Math::min;
      default -> throw new IllegalArgumentException(op + " of " + type);
    };
  }

  /** A comparison of reals. */
  @FunctionalInterface
  interface Test {
    boolean test(double a, double b);
  }

  static Test test(BinaryOp op) {
    return switch (op) {
      case LT -> (x, y) -> x < y;
      case LE -> (x, y) -> x <= y;
      case GT -> (x, y) -> x > y;
      case GE -> (x, y) -> x >= y;
      case EQ -> (x, y) -> x == y;
      case NE -> (x, y) -> x != y;
      default -> throw new IllegalArgumentException(op + " compares nothing");
    };
  }

  /** Integers and bools: the result is yet to be wrapped. An i64 that overflows throws where {@code exact}. */
  static LongBinaryOperator whole(BinaryOp op, DType type, boolean exact) {
    boolean checked = exact && type == DType.I64;
    boolean wide = type == DType.I64;
    return switch (op) {
      case ADD -> checked ? Math::addExact : Long::sum;
      case SUB -> checked ? Math::subtractExact : (x, y) -> x - y;
      case MUL -> checked ? Math::multiplyExact : (x, y) -> x * y;
      case DIV -> (x, y) -> y == 0 ? 0 : x / y;
      case REM -> (x, y) -> y == 0 ? 0 : x % y;
      case MAX -> Math::max;
      case MIN -> Math::min;
      case AND -> (x, y) -> x & y;
      case OR -> (x, y) -> x | y;
      case XOR -> (x, y) -> x ^ y;
      case SHL -> wide ? (x, y) -> x << y : (x, y) -> (int) x << y;
      case SHR -> wide ? (x, y) -> x >>> y : (x, y) -> (int) x >>> y;
      case LT -> (x, y) -> x < y ? 1 : 0;
      case LE -> (x, y) -> x <= y ? 1 : 0;
      case GT -> (x, y) -> x > y ? 1 : 0;
      case GE -> (x, y) -> x >= y ? 1 : 0;
      case EQ -> (x, y) -> x == y ? 1 : 0;
      case NE -> (x, y) -> x != y ? 1 : 0;
      case POW -> throw new IllegalArgumentException(op + " of " + type);
    };
  }

  /** A real as an integer of the type: truncated, saturated, 0 for NaN; as a bool whether it is not 0. */
  static long toWhole(double x, DType to) {
    return switch (to) {
      case I32 -> (int) x;
      case U8 -> Math.max(0, Math.min(255, (int) x));
      case BOOL -> x != 0 ? 1 : 0;
      default -> (long) x;
    };
  }
}
