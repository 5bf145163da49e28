package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * Products of a few rows, in a heap array, with panels of weights that are kept packed: {@code c[r][j] = sum over k <
 * depth of a[r][k] * panel[k][j]}, or added to c. Register tiles of up to 4 rows by 4 vectors; rows are spread evenly over
 * the tiles.
 *
 * <p>An element is the same chain of multiply-adds whatever rows are computed with it. Share of the peak of
 * multiply-adds that one core of a Zen 4 reaches with weights in its second cache, at depth 256 and 1024: 4 or 3 rows by
 * 4 vectors 99%, 2 rows 92%, 1 row 48%.
 */
final class PanelProducts {
  /** Rows of a tile of one or two vectors, and of a wider one: more gain nothing. */
  private static final int MOST_ROWS = 8;
  private static final int MOST_WIDE_ROWS = 4;

  private final DType type;
  private final int depth;
  private final int lanes;
  private final int vectors;
  private final int most;
  private final MicroKernel[] kernels;

  /**
   * @param vectors the width of a panel, at most 4
   * @param accumulate whether products are added to what is in c
   */
  PanelProducts(DType type, int vectors, int depth, boolean accumulate) {
    this.type = type;
    this.depth = depth;
    this.lanes = lanes(type);
    this.vectors = vectors;
    // Two thirds of the accumulators that fit are enough chains to hide the latency of an addition.
    this.most = Math.clamp(
        MicroKernels.accumulators(Simd.PRESENT) * 2 / 3 / vectors, 1, vectors > 2 ? MOST_WIDE_ROWS : MOST_ROWS);
    this.kernels = new MicroKernel[most];
    for (int rows = 1; rows <= most; rows++) {
      kernels[rows - 1] = MicroKernels.get(
          MicroShape.byRows(type, rows, vectors, depth, accumulate, false), Simd.PRESENT);
    }
  }

  /** Columns of one vector. */
  static int lanes(DType type) {
    return MicroKernels.lanes(type, Simd.PRESENT);
  }

  /** Columns of a panel. */
  int columns() {
    return vectors * lanes;
  }

  /** Bytes of a row of a panel. */
  long panelRow() {
    return (long) columns() * type.bytes();
  }

  /**
   * The product of {@code rows} rows with one panel.
   *
   * @param a an array with rows of {@code depth} elements from its beginning on
   * @param panel {@code [depth][columns]}
   */
  void multiply(Object a, long panel, long c, long cRow, int rows) {
    int tiles = Math.ceilDiv(rows, most);
    int first = 0;
    for (int t = 1; t <= tiles; t++) {
      int end = rows * t / tiles;
      kernels[end - first - 1].run(
          depth, a, first * depth, MicroKernel.NO_TABLE, 0, 0, panel, panelRow(), c + first * cRow, cRow);
      first = end;
    }
  }

  @Override
  public String toString() {
    return "tiles of " + most + "x" + columns();
  }
}
