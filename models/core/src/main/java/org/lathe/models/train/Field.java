package org.lathe.models.train;

import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;

/** A named array that a step is given anew each time it runs: a column of the batch. */
public record Field(String name, TensorType type) {
  public static Field floats(String name, long... shape) {
    return new Field(name, TensorType.of(DType.F32, shape));
  }

  public static Field ints(String name, long... shape) {
    return new Field(name, TensorType.of(DType.I32, shape));
  }
}
