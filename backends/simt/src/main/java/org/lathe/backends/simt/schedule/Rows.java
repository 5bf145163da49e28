package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;

/** Rows of a table by index. */
final class Rows {
  private Rows() {}

  /** The row that index number {@code i} names, clamped into a table of {@code rows}: i32 where that holds all rows. */
  static Value row(KernelBuilder k, Memory indices, Value i, long rows) {
    Value index = Values.load(indices, i);
    Value last = Values.cast(Values.index(rows - 1), indices.dtype());
    Value zero = Values.cast(Values.index(0), indices.dtype());
    if (indices.dtype() == DType.I32 && rows > Integer.MAX_VALUE) {
      return k.let("row", Values.max(index, zero));
    }
    Value clamped = Values.min(Values.max(index, zero), last);
    return k.let("row", rows <= Integer.MAX_VALUE ? Values.cast(clamped, DType.I32) : clamped);
  }

  /** Element {@code column} of row {@code row}, of a dense table of {@code rows} of {@code width}. */
  static Value element(Value row, Value column, long rows, long width) {
    boolean wide = Math.multiplyExact(rows, width) > Integer.MAX_VALUE;
    return Values.add(Values.mul(wide ? Values.cast(row, DType.I64) : row, width), column);
  }
}
