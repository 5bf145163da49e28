package org.lathe.backends.simt.interp;

import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;

/** Operators of two operands over ranges of arrays. Those of index arithmetic and sums have loops of their own, for speed. */
final class Loops {
  private Loops() {}

  /** Reals: {@code r[k] = x[k] op y[k]} for k from {@code from} to before {@code to}. */
  interface Real {
    void run(double[] x, double[] y, double[] r, int from, int to);
  }

  /** Integers and bools. Gives the first k whose exact result does not fit, or -1. */
  interface Whole {
    int run(long[] x, long[] y, long[] r, int from, int to);
  }

  static Real real(BinaryOp op, DType type) {
    if (type == DType.F32 && op == BinaryOp.ADD) {
      return (x, y, r, from, to) -> {
        for (int k = from; k < to; k++) {
          r[k] = (float) (x[k] + y[k]);
        }
      };
    }
    if (type == DType.F32 && op == BinaryOp.MUL) {
      return (x, y, r, from, to) -> {
        for (int k = from; k < to; k++) {
          r[k] = (float) (x[k] * y[k]);
        }
      };
    }
    DoubleBinaryOperator f = Arithmetic.real(op, type);
    return (x, y, r, from, to) -> {
      for (int k = from; k < to; k++) {
        r[k] = f.applyAsDouble(x[k], y[k]);
      }
    };
  }

  /** Results that do not fit lose their high bits. */
  static Whole wrapping(BinaryOp op, DType type) {
    if (op == BinaryOp.LT) {
      return (x, y, r, from, to) -> {
        for (int k = from; k < to; k++) {
          r[k] = x[k] < y[k] ? 1 : 0;
        }
        return -1;
      };
    }
    LongBinaryOperator f = Arithmetic.whole(op, type, false);
    DType result = op.isComparison() ? DType.BOOL : type;
    return (x, y, r, from, to) -> {
      for (int k = from; k < to; k++) {
        r[k] = Arithmetic.wrap(result, f.applyAsLong(x[k], y[k]));
      }
      return -1;
    };
  }

  static Whole exact(BinaryOp op, DType type) {
    if (type == DType.I32 && op == BinaryOp.ADD) {
      return (x, y, r, from, to) -> {
        for (int k = from; k < to; k++) {
          long sum = x[k] + y[k];
          if (sum != (int) sum) {
            return k;
          }
          r[k] = sum;
        }
        return -1;
      };
    }
    if (type == DType.I32 && op == BinaryOp.MUL) {
      return (x, y, r, from, to) -> {
        for (int k = from; k < to; k++) {
          long product = x[k] * y[k];
          if (product != (int) product) {
            return k;
          }
          r[k] = product;
        }
        return -1;
      };
    }
    LongBinaryOperator f = Arithmetic.whole(op, type, true);
    return (x, y, r, from, to) -> {
      for (int k = from; k < to; k++) {
        try {
          long v = f.applyAsLong(x[k], y[k]);
          if (Arithmetic.wrap(type, v) != v) {
            return k;
          }
          r[k] = v;
        } catch (ArithmeticException tooWideForI64) {
          return k;
        }
      }
      return -1;
    };
  }
}
