package org.lathe.backends.simt.ir;

import org.lathe.hal.DType;

/**
 * The type of a value in registers: {@code lanes} values of one dtype. The half types are of memory only: they are
 * widened to f32 when they are loaded.
 *
 * @param lanes 1, 2, 4, 8 or 16
 */
public record Type(DType dtype, int lanes) {
  public static final Type I32 = new Type(DType.I32, 1);
  public static final Type I64 = new Type(DType.I64, 1);
  public static final Type F32 = new Type(DType.F32, 1);
  public static final Type BOOL = new Type(DType.BOOL, 1);

  public Type {
    if (dtype.compute() != dtype) {
      throw new IllegalArgumentException(dtype + " is a type of memory, not of registers");
    }
    if (lanes < 1 || lanes > 16 || Integer.bitCount(lanes) != 1) {
      throw new IllegalArgumentException("a vector of " + lanes + " lanes");
    }
  }

  public static Type of(DType dtype) {
    return new Type(dtype, 1);
  }

  public Type withDtype(DType other) {
    return new Type(other, lanes);
  }

  public Type withLanes(int other) {
    return new Type(dtype, other);
  }

  public boolean isScalar() {
    return lanes == 1;
  }

  @Override
  public String toString() {
    return lanes == 1 ? dtype.toString() : dtype + "x" + lanes;
  }
}
