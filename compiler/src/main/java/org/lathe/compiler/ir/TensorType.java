package org.lathe.compiler.ir;

import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** The element type and static shape of a value. Prints as {@code f32[2,3]}. */
public record TensorType(DType dtype, Dims shape) {
  public TensorType {
    for (int d = 0; d < shape.rank(); d++) {
      if (shape.get(d) < 0) {
        throw new IllegalArgumentException("shape " + shape + " has a negative dimension");
      }
    }
  }

  public static TensorType of(DType dtype, long... shape) {
    return new TensorType(dtype, Dims.of(shape));
  }

  public int rank() {
    return shape.rank();
  }

  public long dim(int d) {
    return shape.get(d);
  }

  /** Number of elements. */
  public long size() {
    return shape.product();
  }

  public long bytes() {
    return size() * dtype.bytes();
  }

  public TensorType withShape(Dims newShape) {
    return new TensorType(dtype, newShape);
  }

  public TensorType withDtype(DType newDtype) {
    return new TensorType(newDtype, shape);
  }

  @Override
  public String toString() {
    return dtype + shape.toString();
  }

  /** The inverse of {@link #toString}. */
  public static TensorType parse(String text) {
    int bracket = text.indexOf('[');
    if (bracket < 0) {
      throw new IllegalArgumentException("expected dtype[dims], found '" + text + "'");
    }
    return new TensorType(DType.parse(text.substring(0, bracket)), Dims.parse(text.substring(bracket)));
  }
}
