package org.lathe.compiler.ir;

import java.util.Arrays;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * Immutable host data: the value of a constant, and what the float64 oracle computes with.
 *
 * <p>Elements are doubles in row-major order whatever the dtype: integers are exact to 2^53, bool is 0 or 1. A literal
 * of one element may stand for a type of many (a splat).
 */
public final class Literal {
  private final TensorType type;
  private final double[] data;

  private Literal(TensorType type, double[] data) {
    this.type = type;
    this.data = data;
  }

  /** Takes a copy of {@code data}, one element for each of the type's. */
  public static Literal of(TensorType type, double... data) {
    if (data.length != type.size()) {
      throw new IllegalArgumentException(type + " has " + type.size() + " elements, found " + data.length);
    }
    return new Literal(type, data.clone());
  }

  /** Takes {@code data} itself, which nobody may change afterwards. */
  public static Literal adopt(TensorType type, double[] data) {
    if (data.length != type.size()) {
      throw new IllegalArgumentException(type + " has " + type.size() + " elements, found " + data.length);
    }
    return new Literal(type, data);
  }

  /** Every element is {@code value}. */
  public static Literal splat(TensorType type, double value) {
    return new Literal(type, new double[]{value});
  }

  public static Literal scalar(DType dtype, double value) {
    return splat(new TensorType(dtype, Dims.of()), value);
  }

  public TensorType type() {
    return type;
  }

  /** Whether one stored element stands for all. */
  public boolean isSplat() {
    return data.length == 1;
  }

  /** Element {@code i} in row-major order. */
  public double get(long i) {
    return data.length == 1 ? data[0] : data[Math.toIntExact(i)];
  }

  /** All elements, a fresh array. */
  public double[] toArray() {
    double[] out = new double[Math.toIntExact(type.size())];
    if (data.length == 1) {
      Arrays.fill(out, data[0]);
    } else {
      System.arraycopy(data, 0, out, 0, out.length);
    }
    return out;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Literal l && type.equals(l.type) && Arrays.equals(data, l.data);
  }

  @Override
  public int hashCode() {
    return 31 * type.hashCode() + Arrays.hashCode(data);
  }

  /** Short: the type, and the value of a splat. */
  @Override
  public String toString() {
    return isSplat() ? type + " " + data[0] : type + " {" + data.length + " elements}";
  }
}
