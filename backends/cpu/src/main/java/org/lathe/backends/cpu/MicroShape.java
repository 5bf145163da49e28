package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * Which micro-kernel.
 *
 * @param type of the elements and sums: f32, f64, i32 or i64
 * @param rows of the tile
 * @param vectors of the tile, side by side
 * @param rowStep elements of the packed factor a from one row to the next; {@link #TABLED} where tables say where each row
 *     and each k lies
 * @param kStep elements from one k to the next
 * @param accumulate whether the tile starts from c, else from zero
 * @param indirect whether the rows of b are found through a table
 */
record MicroShape(
    DType type, int rows, int vectors, int rowStep, int kStep, boolean accumulate, boolean indirect) {
  static final int TABLED = -1;

  /** A tile whose rows of a are each consecutive. */
  static MicroShape byRows(DType type, int rows, int vectors, int pitch, boolean accumulate, boolean indirect) {
    return new MicroShape(type, rows, vectors, pitch, 1, accumulate, indirect);
  }

  boolean tabled() {
    return rowStep == TABLED;
  }

  /** The least length of an array with {@code k} of each row. */
  int elements(int k) {
    return tabled() ? 0 : rows * rowStep + k * kStep;
  }
}
