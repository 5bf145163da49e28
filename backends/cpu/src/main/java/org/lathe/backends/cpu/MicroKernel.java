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
  /**
   * Computes one tile. Strides and addresses are in bytes.
   *
   * @param a an array of the element type; a[i, k] is at {@code aOffset + i * rowStep + k * kStep} of the {@link
   *     MicroShape}; where its rows are scattered, at {@code aOffset + aRows[i] + k}
   * @param aRows the address of a table of longs, one for each row; used where rows are scattered
   * @param b the address of b[0, 0]; where the shape is indirect, what the table's offsets are added to
   * @param bStep from one k of b to the next; where the shape is indirect, the address of a table of {@code k} longs,
   *     each the offset of that row of b
   */
  void run(int k, Object a, int aOffset, long aRows, long b, long bStep, long c, long cRow);

  /** Says that {@link #run} will be called soon and often. */
  default void expect() {}
}
