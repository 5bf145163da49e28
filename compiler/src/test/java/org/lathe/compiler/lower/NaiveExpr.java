package org.lathe.compiler.lower;

import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/** Expressions in float64; integers as longs that wrap. */
final class NaiveExpr {
  private NaiveExpr() {}

  static double[] evaluate(Expr e, long[] point, double[] inputs) {
    double[] v = new double[e.nodes().size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = switch (e.nodes().get(i)) {
        case Expr.Input(int index, DType type) -> inputs[index];
        case Expr.Constant c -> c.value();
        case Expr.Index(int dim) -> point[dim];
        case Expr.Unary(UnaryOp op, int a, DType type) -> wrap(type, unary(op, v[a]));
        case Expr.Binary(BinaryOp op, int a, int b, DType type) ->
          binary(op, v[a], v[b], e.nodes().get(a).type(), type);
        case Expr.Select(int c, int a, int b, DType type) -> v[c] != 0 ? v[a] : v[b];
        case Expr.Cast(int a, DType type) -> cast(e.nodes().get(a).type(), type, v[a]);
      };
    }
    return e.results().stream().mapToDouble(r -> v[r]).toArray();
  }

  static double wrap(DType type, double x) {
    return switch (type) {
      case I32 -> (int) (long) x;
      case I64 -> (long) x;
      case U8 -> (long) x & 0xff;
      default -> x;
    };
  }

  private static double cast(DType from, DType to, double x) {
    return switch (to) {
      case BOOL -> x != 0 ? 1 : 0;
      case I32 -> from.isFloating() ? (int) x : (int) (long) x;
      case I64 -> (long) x;
      case U8 -> from.isFloating() ? Math.max(0, Math.min(255, (int) x)) : (long) x & 0xff;
      case F16, BF16 -> org.lathe.compiler.ir.LiteralBytes.round(to, x);
      default -> x;
    };
  }

  private static double unary(UnaryOp op, double x) {
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
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case ERF -> erf(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND -> Math.rint(x);
      case NOT -> x == 0 ? 1 : 0;
      case IS_NAN -> Double.isNaN(x) ? 1 : 0;
      case IS_FINITE -> Double.isFinite(x) ? 1 : 0;
    };
  }

  /** By its Taylor series, or beyond 3 by the continued fraction of erfc. */
  private static double erf(double x) {
    double a = Math.abs(x);
    if (a < 3) {
      double term = x;
      double sum = x;
      for (int n = 1; n < 80; n++) {
        term *= -x * x / n;
        sum += term / (2 * n + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    double f = 0;
    for (int n = 60; n > 0; n--) {
      f = n / 2.0 / (a + f);
    }
    return Math.signum(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
  }

  private static double binary(BinaryOp op, double a, double b, DType operands, DType type) {
    if (op.isComparison()) {
      boolean r = switch (op) {
        case LT -> a < b;
        case LE -> a <= b;
        case GT -> a > b;
        case GE -> a >= b;
        case EQ -> a == b;
        default -> a != b;
      };
      return r ? 1 : 0;
    }
    if (type.isFloating()) {
      return switch (op) {
        case ADD -> a + b;
        case SUB -> a - b;
        case MUL -> a * b;
        case DIV -> a / b;
        case REM -> a % b;
        case POW -> Math.pow(a, b);
        case MAX -> Math.max(a, b);
        case MIN -> Math.min(a, b);
        default -> throw new IllegalArgumentException(op + " of " + operands);
      };
    }
    long x = (long) a;
    long y = (long) b;
    long r = switch (op) {
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
      case SHL -> type == DType.I32 ? (int) x << (int) y : x << y;
      case SHR -> type == DType.I32 ? (int) x >>> (int) y : x >>> y;
      default -> throw new IllegalArgumentException(op + " of " + operands);
    };
    return type == DType.I32 ? (int) r : type == DType.U8 ? r & 0xff : r;
  }
}
