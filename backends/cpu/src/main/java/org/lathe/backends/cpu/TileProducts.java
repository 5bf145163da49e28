package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * Products of small matrices that lie in caches: the arithmetic of {@link AttentionKernel}, which is written once over
 * this interface and {@link ScoreMath}. All positions are absolute addresses, and all strides are in bytes.
 *
 * <p>The right-hand matrix comes in panels: {@link #span} columns, each row of a panel dense and right after the one
 * before it. An element of a product depends on its row, its column and the depth, not on which rows are computed
 * together: sums run over the depth in order.
 */
interface TileProducts {
  /** Bytes of one element. */
  int bytes();

  /** Columns of a panel. */
  int span();

  /** How many rows a register tile has: multiples of it are the fastest. */
  int tileRows();

  /**
   * {@code c[r][j] = base[r][j] + sum over k < depth of a[r][k] * panel[k][j]} for {@code rows} rows and {@link #span}
   * columns.
   *
   * @param aRow from one row of a to the next; the elements of a row are {@code aStep} apart
   * @param base may be c itself; its rows, like those of c, are dense
   */
  void multiply(
      long a, long aRow, long aStep, long panel, int depth, long base, long baseRow, long c, long cRow, int rows);

  /** {@code target[r][j] = source[r][j]} for {@code columns} adjacent elements of each of {@code rows} rows. */
  void copyRows(long source, long sourceRow, long target, long targetRow, int rows, int columns);

  /** {@code target[i] = source[i]} for {@code n} elements that are the given steps apart. */
  void copySteps(long source, long sourceStep, long target, long targetStep, int n);

  /**
   * {@code target[i][r] = source[r][i]}: rows become the columns of a panel, of which at most {@link #span} exist.
   *
   * @param sourceStep between the {@code n} elements of a row
   */
  void transposeIntoPanel(long source, long sourceRow, long sourceStep, long panel, int rows, int n);

  /** Sets {@code n} adjacent elements. */
  void fill(long target, double value, int n);

  /** {@code n} rounded up to a multiple of {@link #span}. */
  default int padded(int n) {
    return panels(n) * span();
  }

  /** How many panels hold {@code n} columns. */
  default int panels(int n) {
    return Math.ceilDiv(n, span());
  }

  /** The form for f32 or f64: vectors for f32 where the Vector API is there. */
  static TileProducts of(DType dtype) {
    return dtype == DType.F32 && Simd.PRESENT ? new VectorTileProducts() : new ScalarTileProducts(dtype);
  }
}
