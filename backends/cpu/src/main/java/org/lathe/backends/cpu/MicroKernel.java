package org.lathe.backends.cpu;

/**
 * The heart of every matrix product: a tile of a few rows by a few vectors of columns, kept in registers over the whole
 * sum.
 *
 * <p>{@code c[i, j] (+)= sum over k of a[i, k] * b[k, j]} for the tile's rows and columns. The columns of b and c are
 * contiguous. The factor a is packed in a heap array: reading single elements from off-heap memory makes the JIT
 * compiler's graph so large that it stops inlining and boxes the vectors.
 */
interface MicroKernel {
  int[] NO_TABLE = {};

  /**
   * Computes one tile. Strides and addresses are in bytes.
   *
   * @param a an array of the element type; a[i, k] is at {@code aOffset + i * rowStep + k * kStep} of the {@link
   *     MicroShape}; where it is found through tables, at {@code aOffset + aTable[aRows + i] + aTable[aSteps + k]}
   * @param aTable used where a is found through tables, which is quicker than off-heap ones; else {@link #NO_TABLE}
   * @param aRows where the table of rows begins in it
   * @param aSteps where the table of k begins
   * @param b the address of b[0, 0]; where the shape is indirect, what the table's offsets are added to
   * @param bStep from one k of b to the next; where the shape is indirect, the address of a table of {@code k} longs,
   *     each the offset of that row of b
   */
  void run(int k, Object a, int aOffset, int[] aTable, int aRows, int aSteps, long b, long bStep, long c, long cRow);

  /** Says that {@link #run} will be called soon and often. */
  default void expect() {}
}
