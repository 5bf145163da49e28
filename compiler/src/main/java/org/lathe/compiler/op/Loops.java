package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** What the float64 references are written with: plain loops over positions, and integer wrapping. */
final class Loops {
  private Loops() {}

  /** Called for each position of a shape in row-major order; {@code index} is reused. */
  @FunctionalInterface
  interface Visitor {
    void at(long[] index, int flat);
  }

  /** The value of an element. */
  @FunctionalInterface
  interface Element {
    double at(long[] index, int flat);
  }

  static void each(Dims shape, Visitor visitor) {
    int n = Math.toIntExact(shape.product());
    long[] index = new long[shape.rank()];
    for (int flat = 0; flat < n; flat++) {
      visitor.at(index, flat);
      for (int d = index.length - 1; d >= 0; d--) {
        if (++index[d] < shape.get(d)) {
          break;
        }
        index[d] = 0;
      }
    }
  }

  /** A literal computed element by element. */
  static Literal fill(TensorType type, Element element) {
    double[] out = new double[Math.toIntExact(type.size())];
    each(type.shape(), (index, flat) -> out[flat] = element.at(index, flat));
    return Literal.adopt(type, out);
  }

  /** The row-major position of {@code index}. */
  static int flat(Dims shape, long... index) {
    long at = 0;
    for (int d = 0; d < index.length; d++) {
      at = at * shape.get(d) + index[d];
    }
    return Math.toIntExact(at);
  }

  /** An integer as an element of {@code type}: high bits are dropped. */
  static double wrap(DType type, long v) {
    return switch (type) {
      case I32 -> (int) v;
      case U8 -> v & 0xff;
      case BOOL -> v != 0 ? 1 : 0;
      default -> v;
    };
  }

  /** A conversion, as {@code hal.expr.Expr.Cast} says. Floating targets are not rounded. */
  static double cast(double v, DType from, DType to) {
    if (to.isFloating()) {
      return v;
    }
    if (to == DType.BOOL) {
      return v != 0 ? 1 : 0;
    }
    if (!from.isFloating()) {
      return wrap(to, (long) v);
    }
    return switch (to) {
      case I32 -> (int) v;
      case U8 -> Double.isNaN(v) ? 0 : Math.clamp((long) v, 0, 255);
      default -> (long) v;
    };
  }

  static double bool(boolean b) {
    return b ? 1 : 0;
  }

  /** Splits a shape around an axis: [outer, length, inner]. */
  static long[] around(Dims shape, int axis) {
    return new long[]{
        shape.slice(0, axis).product(), shape.get(axis), shape.slice(axis + 1, shape.rank()).product()
    };
  }

  /** Called for each row along {@code axis} with the flat positions of its elements; {@code row} counts the rows. */
  @FunctionalInterface
  interface Row {
    void at(int[] positions, int row);
  }

  static void rows(Dims shape, int axis, Row visitor) {
    long[] around = around(shape, axis);
    int[] positions = new int[Math.toIntExact(around[1])];
    int row = 0;
    for (long outer = 0; outer < around[0]; outer++) {
      for (long inner = 0; inner < around[2]; inner++) {
        for (int k = 0; k < positions.length; k++) {
          positions[k] = Math.toIntExact((outer * around[1] + k) * around[2] + inner);
        }
        visitor.at(positions, row++);
      }
    }
  }

  static List<TensorType> types(List<Literal> literals) {
    return literals.stream().map(Literal::type).toList();
  }
}
