package org.lathe.reference;

import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;

/**
 * Evaluates expressions one point at a time, straight from the documentation of the operations: each node in double or
 * long, then rounded to the type in which it computes.
 */
public final class ExprReference {
  private ExprReference() {}

  /** The values of all nodes. Nodes of the half types are kept in f32. */
  public static Scalar[] nodes(Expr e, Scalar[] inputs, long[] index) {
    Scalar[] v = new Scalar[e.nodes().size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = switch (e.nodes().get(i)) {
        case Expr.Input in -> inputs[in.index()];
        case Expr.Constant c -> c.type().isFloating()
            ? Scalar.real(Scalar.round(c.type(), c.value()))
            : Scalar.of(c.type(), c.bits());
        case Expr.Index x -> Scalar.of(DType.I32, index[x.dim()]);
        case Expr.Unary u -> unary(u.op(), e.nodes().get(u.a()).type(), v[u.a()]);
        case Expr.Binary b -> binary(b.op(), e.nodes().get(b.a()).type(), v[b.a()], v[b.b()]);
        case Expr.Select s -> v[s.condition()].whole() != 0 ? v[s.a()] : v[s.b()];
        case Expr.Cast c -> cast(e.nodes().get(c.a()).type(), v[c.a()], c.type());
      };
    }
    return v;
  }

  /** The results. */
  public static Scalar[] evaluate(Expr e, Scalar[] inputs, long[] index) {
    Scalar[] v = nodes(e, inputs, index);
    return e.results().stream().map(r -> v[r]).toArray(Scalar[]::new);
  }

  public static Scalar unary(UnaryOp op, DType t, Scalar v) {
    if (!t.isFloating()) {
      return Scalar.of(t, switch (op) {
        case NEG -> -v.whole();
        case ABS -> t == DType.I32 ? Math.abs((int) v.whole()) : Math.abs(v.whole());
        case SIGN -> Long.signum(v.whole());
        case NOT -> 1 - v.whole();
        default -> throw new IllegalArgumentException(op + " of " + t);
      });
    }
    double x = v.real();
    return switch (op) {
      case IS_NAN -> Scalar.of(DType.BOOL, Double.isNaN(x) ? 1 : 0);
      case IS_FINITE -> Scalar.of(DType.BOOL, Double.isFinite(x) ? 1 : 0);
      case RSQRT -> Scalar.of(t, 1 / Scalar.of(t, Math.sqrt(x)).real());
      default -> Scalar.of(t, real(op, x));
    };
  }

  /** A function of a floating value, in float64. */
  public static double real(UnaryOp op, double x) {
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
      case NOT, IS_NAN, IS_FINITE -> throw new IllegalArgumentException(op + " gives no real");
    };
  }

  /** The error function by its Taylor series, or beyond 2 by the continued fraction of its complement. */
  public static double erf(double x) {
    double a = Math.abs(x);
    if (Double.isNaN(x) || a > 6) {
      return Double.isNaN(x) ? x : Math.signum(x);
    }
    if (a < 2) {
      double term = x;
      double sum = x;
      for (int n = 1; n < 80; n++) {
        term *= -x * x / n;
        sum += term / (2 * n + 1);
      }
      return 2 / Math.sqrt(Math.PI) * sum;
    }
    double f = 0;
    for (int n = 200; n > 0; n--) {
      f = n / 2.0 / (a + f);
    }
    return Math.signum(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
  }

  public static Scalar binary(BinaryOp op, DType t, Scalar a, Scalar b) {
    if (op.isComparison()) {
      double x = t.isFloating() ? a.real() : Long.compare(a.whole(), b.whole());
      double y = t.isFloating() ? b.real() : 0;
      return Scalar.of(DType.BOOL, switch (op) {
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
      return Scalar.of(t, switch (op) {
        case ADD -> x + y;
        case SUB -> x - y;
        case MUL -> x * y;
        case DIV -> x / y;
        case REM -> x % y;
        case POW -> Math.pow(x, y);
        case MAX -> Math.max(x, y);
        case MIN -> Math.min(x, y);
        default -> throw new IllegalArgumentException(op + " of " + t);
      });
    }
    long x = a.whole();
    long y = b.whole();
    boolean wide = t == DType.I64;
    return Scalar.of(t, switch (op) {
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
      default -> throw new IllegalArgumentException(op + " of " + t);
    });
  }

  public static Scalar cast(DType from, Scalar v, DType to) {
    if (from == to) {
      return v;
    }
    double x = Scalar.isHalf(from) ? Scalar.round(from, v.real()) : v.real();
    return switch (to) {
      case F64 -> Scalar.real(from.isFloating() ? x : v.whole());
      case F32 -> Scalar.real(from.isFloating() ? (float) x : (float) v.whole());
      case F16, BF16 -> Scalar.real(Scalar.round(to, from.isFloating() ? x : (float) v.whole()));
      case I32 -> Scalar.of(to, from.isFloating() ? (int) x : v.whole());
      case I64 -> Scalar.of(to, from.isFloating() ? (long) x : v.whole());
      case U8 -> Scalar.of(to, from.isFloating()
          ? (long) Math.max(0, Math.min(255, Double.isNaN(x) ? 0 : x))
          : v
              .whole());
      case BOOL -> Scalar.of(to, (from.isFloating() ? x != 0 : v.whole() != 0) ? 1 : 0);
    };
  }
}
