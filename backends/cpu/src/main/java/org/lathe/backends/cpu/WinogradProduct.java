package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * The products at Winograd's 36 points: tiles by channels times channels by filters. Holds the layout of the transformed
 * windows: [block of channels][point][tile][channel] in an array on the heap, as the micro-kernels want their left factor.
 */
final class WinogradProduct {
  /** The most channels of a block. */
  static final int MOST_K = Tiling.K_BLOCK;

  private static final int POINTS = TileTransforms.POINTS;

  /** Channels of a block but the last, and how many blocks. */
  final int kBlock;
  final int kBlocks;
  private final int channels;
  private final int block;
  private final int lanes;
  /** Tiles of a register tile. */
  private final int rows;
  private final int pitch;
  /** Elements from one point to the next. */
  private final int plane;
  private final MicroKernel first;
  private final MicroKernel further;

  /**
   * @param tiles how many there are at most
   * @param block filters side by side
   * @param mostK the most channels of a block
   */
  WinogradProduct(int tiles, int channels, int block, int mostK, boolean vector) {
    this.channels = channels;
    this.block = block;
    this.lanes = MicroKernels.lanes(DType.F32, vector);
    this.kBlocks = Math.ceilDiv(channels, mostK);
    this.kBlock = kBlocks == 1 ? channels : Math.ceilDiv(Math.ceilDiv(channels, kBlocks), lanes) * lanes;
    int registers = MicroKernels.accumulators(vector);
    this.rows = Math.min(8, registers / (block / lanes));
    int width = Math.ceilDiv(kBlock, lanes) * lanes;
    // No power of two, so that the rows of a tile do not share lines of the cache.
    this.pitch = width <= 16 ? 24 : width <= 32 ? 48 : width <= 64 ? 80 : width <= 128 ? 144 : MOST_K + 16;
    // A register tile may begin at any tile, and reads its rows to the last.
    this.plane = (tiles + rows) * pitch;
    this.first = MicroKernels.get(MicroShape.byRows(DType.F32, rows, block / lanes, pitch, false, false), vector);
    this.further = kBlocks == 1
        ? first
        : MicroKernels.get(MicroShape.byRows(DType.F32, rows, block / lanes, pitch, true, false), vector);
  }

  /** How many filters are multiplied side by side: one to three vectors, with as little left over as can be. */
  static int block(int filters, int lanes, boolean vector) {
    int all = Math.ceilDiv(filters, lanes);
    int most = MicroKernels.accumulators(vector) / 4 < 3 ? 2 : 3;
    int best = Math.min(all, most);
    for (int v = Math.min(all, most); v >= Math.min(2, all); v--) {
      if (Math.ceilDiv(all, v) * v < Math.ceilDiv(all, best) * best) {
        best = v;
      }
    }
    return best * lanes;
  }

  void expect() {
    first.expect();
    further.expect();
  }

  /** Bytes of the products of {@code tiles} tiles at one point. */
  long plane(int tiles) {
    return spread(4L * Math.ceilDiv(tiles, rows) * rows * block);
  }

  /** A step of at least {@code bytes} at which 36 lines lie in different sets of the first-level cache. */
  static long spread(long bytes) {
    return Math.ceilDiv(bytes, 128) * 128 + 64;
  }

  /** Elements of all transformed windows. */
  int windowElements() {
    return Math.multiplyExact(kBlocks * POINTS, plane);
  }

  /** Takes all channels of one window to the points, as tile {@code tile}. */
  void transformWindow(TileTransforms transforms, float[] windows, int tile, long from, long rowStep, long columnStep,
      long temporary) {
    for (int k = 0; k < kBlocks; k++) {
      int count = Math.min(kBlock, channels - k * kBlock);
      transforms.input(windows, (long) k * POINTS * plane + (long) tile * pitch, plane, from + 4L * k * kBlock, rowStep,
          columnStep, temporary, Math.ceilDiv(count, lanes));
    }
  }

  /**
   * Multiplies {@code tiles} tiles from {@code tile} on with filters at all points, and adds the result to that of the
   * blocks of channels before.
   *
   * @param filters [point][channel][filter]
   * @param filterPlane bytes from one point of the filters to the next
   * @param products [point][tile][filter]
   * @param productPlane bytes from one point of the products to the next
   */
  void multiply(float[] windows, int k, int tile, int tiles, long filters, long filterPlane, long products,
      long productPlane) {
    int count = Math.min(kBlock, channels - k * kBlock);
    MicroKernel kernel = k == 0 ? first : further;
    long row = 4L * block;
    for (int point = 0; point < POINTS; point++) {
      int from = (k * POINTS + point) * plane + tile * pitch;
      long to = products + point * productPlane;
      for (int t = 0; t < tiles; t += rows) {
        kernel.run(count, windows, from + t * pitch, MicroKernel.NO_TABLE, 0, 0, filters + point * filterPlane, row,
            to + t * row, row);
      }
    }
  }
}
