package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * Which micro-kernel.
 *
 * @param type of the elements and sums: f32, f64, i32 or i64
 * @param rows of the tile
 * @param vectors of the tile, side by side
 * @param pitch how many elements of the packed factor a lie between one row and the next, its k being consecutive; 0
 *     where a tile's rows lie side by side for each k; {@link #TABLED} where tables say where each row and each k lies
 * @param accumulate whether the tile starts from c, else from zero
 * @param indirect whether the rows of b are found through a table
 */
record MicroShape(DType type, int rows, int vectors, int pitch, boolean accumulate, boolean indirect) {
  static final int TABLED = -1;

  boolean tabled() {
    return pitch == TABLED;
  }

  /** From one row of a to the next, in elements. */
  int rowStep() {
    return pitch == 0 ? 1 : pitch;
  }

  /** From one k of a to the next, in elements. */
  int kStep() {
    return pitch == 0 ? rows : 1;
  }
}
