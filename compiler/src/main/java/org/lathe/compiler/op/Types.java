package org.lathe.compiler.op;

import java.util.List;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.TypeError;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** The checks that type rules share. Messages begin with the op's name. */
final class Types {
  private Types() {}

  /** A set of element types that an op takes. */
  enum Elements {
    ANY("of any type"), NUMERIC("numbers"), FLOATING("floating"), WIDE_FLOATING("f32 or f64"), INTEGER(
        "integers"), BITS("integers or bool"), WIDE_INTEGER("i32 or i64"), BOOL("bool");

    private final String text;

    Elements(String text) {
      this.text = text;
    }

    boolean has(DType t) {
      return switch (this) {
        case ANY -> true;
        case NUMERIC -> t != DType.BOOL;
        case FLOATING -> t.isFloating();
        case WIDE_FLOATING -> t == DType.F32 || t == DType.F64;
        case INTEGER -> t.isInteger();
        case BITS -> !t.isFloating();
        case WIDE_INTEGER -> t == DType.I32 || t == DType.I64;
        case BOOL -> t == DType.BOOL;
      };
    }
  }

  static TypeError error(String op, String problem) {
    return new TypeError(op + ": " + problem);
  }

  static void that(boolean condition, String op, String problem) {
    if (!condition) {
      throw error(op, problem);
    }
  }

  static void count(String op, List<TensorType> inputs, int wanted) {
    that(inputs.size() == wanted, op, "takes " + wanted + " operands, found " + inputs.size());
  }

  static TensorType elements(String op, TensorType type, Elements wanted) {
    that(wanted.has(type.dtype()), op, type + ": elements must be " + wanted.text);
    return type;
  }

  static TensorType rank(String op, String what, TensorType type, int rank) {
    that(type.rank() == rank, op, what + " " + type + " must have rank " + rank);
    return type;
  }

  static void shape(String op, String what, TensorType type, Dims wanted) {
    that(type.shape().equals(wanted), op, what + " " + type + " must have the shape " + wanted);
  }

  static void sameDtype(String op, TensorType a, TensorType b) {
    that(a.dtype() == b.dtype(), op, a + " and " + b + ": element types differ; cast one of them");
  }

  static void sameType(String op, TensorType a, TensorType b) {
    sameDtype(op, a, b);
    that(a.shape().equals(b.shape()), op, a.shape() + " and " + b.shape() + ": shapes differ");
  }

  /** Axes that rise and lie within {@code rank}. */
  static void axes(String op, TensorType type, Dims axes) {
    for (int i = 0; i < axes.rank(); i++) {
      that(
          axes.get(i) >= 0 && axes.get(i) < type.rank() && (i == 0 || axes.get(i) > axes.get(i - 1)),
          op,
          "axes " + axes + " of " + type + ": axes must rise and lie below the rank " + type.rank());
    }
  }

  static int axis(String op, TensorType type, long axis) {
    that(axis >= 0 && axis < type.rank(), op, "axis " + axis + " of " + type + ": the rank is " + type.rank());
    return (int) axis;
  }
}
