package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Convolution;

/**
 * Convolutions with filters of 3x3 and step 1, and the gradients of their data, by Winograd's F(4x4, 3x3): see {@link
 * TileTransforms}.
 *
 * <p>Work: for each tile of 4x4 results 36 products of channels by filters, which are {@code 2 * 36 / 16 = 4.5}
 * operations for each result, channel and filter where the plain sum takes 18; and transforms of 144 multiply-adds for
 * each channel of a tile and 100 for each filter. The floor is the multiply-add rate. Bytes: the source is read once (with
 * two more rows for each chunk), and for each tile 36 values for each channel and each filter are written and read,
 * which stay in the second-level cache with the tiles of a chunk; the transformed filters are four times the filters.
 *
 * <p>A task takes a chunk of tiles: copies what their windows read with channels last, so that every transform works on
 * vectors of channels; takes the windows to the points; multiplies, one block of filters at a time; takes the products
 * back; and runs the epilogue over them. Where the transformed filters are too large to be kept in a cache, it is the
 * other way round: all windows are transformed first, and a task takes one block of filters to the points and multiplies
 * it with all of them, so that transformed filters never leave the second-level cache.
 *
 * <p>Reached, one thread of a processor with a peak of 115 GFLOP/s, as operations of the plain sum, beside the plain form in
 * alternating rounds: 32x64x32x32 with 64 filters 222 GFLOP/s (plain 93), 8x64x56x56 with 64 filters 205 (91), 32x256x8x8
 * with 256 filters 150 (89), 64x64x4x4 with 64 filters 185 (67), 64x16x16x16 with 16 filters 105 (69). The products run at
 * 0.29 ns for a vector of multiply-adds, nine tenths of the peak; the rest is transposing, transforms and, from 128
 * channels on, reading filters from the third-level cache.
 *
 * <p>The transforms mix the pixels of a window. Where one is infinite or NaN, all results of its tile are NaN, though only
 * some should be: a chunk with such a result is computed once more as a plain sum, before the epilogue. For the same
 * reason errors are relative to the largest pixel of a window, not to each result's own terms.
 */
final class WinogradKernel implements Kernel {
  private static final int POINTS = TileTransforms.POINTS;
  private static final int TILE = TileTransforms.TILE;
  private static final int MOST_TILES = 48;
  private static final int ENOUGH_CHUNKS = 8;
  /** What the transformed windows of a chunk may take of the second-level cache, in bytes. */
  private static final long WINDOW_BYTES = 320 << 10;

  /** From this size on, transformed filters are not kept. */
  private static final long FILTER_BYTES = 4 << 20;

  private static final long SHARED_WINDOW_BYTES = 16 << 20;
  /** Tiles that a block of filters is multiplied with in one task. */
  private static final int GROUP_TILES = 128;

  /** What the products and the transformed filters of a task may take of the second-level cache, in bytes. */
  private static final long TASK_BYTES = 768 << 10;

  private static final int LEAST_CHANNELS = 32;
  private static final int CHANNELS = 64;
  private static final int MOST_CHANNELS = 128;

  private final Correlation source;
  private final TileGrid grid;
  private final boolean vector;
  private final long work;
  private final int inputs;
  private final int lanes;
  private final int channels;
  /** Channels filled up to whole vectors. */
  private final int channelWidth;
  private final int filters;
  /** Filters of a block, and how many blocks. */
  private final int block;
  private final int blocks;
  private final WinogradFilters packing;
  /** Whether the transformed windows are what is kept, and not the transformed filters. */
  private final boolean windowsKept;
  private final WinogradProduct product;
  /** Chunks of a task where windows are kept. */
  private final int chunksAtOnce;
  /** Channels whose filters are gathered, and with windows kept multiplied, at a time. */
  private final int channelsAtOnce;
  private final PartEpilogue epilogue;
  /** Elements from one line of results to the next, before the epilogue. */
  private final int linePitch;
  // Offsets into a worker's scratch memory.
  private final long pixelsAt;
  private final long gatheredAt;
  private final long filtersAt;
  private final long productsAt;
  private final long tilesAt;
  private final long linesAt;
  private final long scratch;

  private WinogradKernel(Convolution spec, Correlation source, boolean vector) {
    Correlation.Part part = source.parts().getFirst();
    this.source = source;
    this.vector = vector;
    this.work = spec.operations();
    this.inputs = spec.inputs().size();
    this.lanes = MicroKernels.lanes(DType.F32, vector);
    this.channels = (int) source.channels();
    this.channelWidth = (channels + lanes - 1) / lanes * lanes;
    this.filters = (int) source.rows();
    this.block = WinogradProduct.block(filters, lanes, vector);
    this.blocks = (filters + block - 1) / block;
    this.packing = new WinogradFilters(source, block);

    long tileBytes = 4L * POINTS * channelWidth;
    long all = source.batch() * ((part.height() + 3) / 4) * ((part.width() + 3) / 4);
    this.windowsKept = tileBytes * blocks * block >= FILTER_BYTES && all * tileBytes <= SHARED_WINDOW_BYTES;
    int wanted = (int) Math.clamp(WINDOW_BYTES / tileBytes / 8 * 8, 16, MOST_TILES);
    this.grid = new TileGrid(source, part, wanted, ENOUGH_CHUNKS);
    this.chunksAtOnce = Math.max(1, Math.min(GROUP_TILES / grid.tiles(), grid.chunks));
    long spare = TASK_BYTES / (4L * POINTS * block) - (long) chunksAtOnce * grid.tiles();
    this.channelsAtOnce = Math.min(channels,
        windowsKept ? (int) Math.clamp(spare / lanes * lanes, LEAST_CHANNELS, MOST_CHANNELS) : CHANNELS);
    this.product = new WinogradProduct(
        windowsKept ? grid.allTiles() : grid.tiles(), channels, block,
        windowsKept ? channelsAtOnce : WinogradProduct.MOST_K, vector);
    this.epilogue = PartEpilogue.of(spec.epilogue(), spec.space(), part, spec.accumulator());
    this.linePitch = grid.images * grid.band * TILE * grid.width + lanes;

    int group = windowsKept ? chunksAtOnce * grid.tiles() : grid.tiles();
    this.pixelsAt = aligned(4L * lanes * TileTransforms.TEMPORARY);
    this.gatheredAt = pixelsAt + aligned(4L * grid.windowPixels() * channelWidth);
    this.filtersAt = gatheredAt + aligned(4L * TileTransforms.TAPS * block * channelsAtOnce);
    this.productsAt = filtersAt
        + (windowsKept ? aligned(POINTS * filterPlane()) : 0);
    this.tilesAt = productsAt + aligned(POINTS * product.plane(group));
    this.linesAt = tilesAt + aligned(4L * grid.tilePixels() * block);
    this.scratch = linesAt + aligned(4L * block * linePitch);
  }

  private static long aligned(long bytes) {
    return (bytes + 127) / 128 * 128;
  }

  /** Whether a convolution has the form that this computes. */
  static boolean can(Convolution spec) {
    Convolution.Geometry g = spec.geometry();
    return spec.first().dtype() == DType.F32
        && g.groups() == 1
        && g.kernelHeight() == 3
        && g.kernelWidth() == 3
        && g.strideY() == 1
        && g.strideX() == 1
        && g.dilationY() == 1
        && g.dilationX() == 1
        && spec.space().product() > 0
        && g.channels() > 0
        && g.filters() > 0
        && g.outHeight() > 0
        && g.outWidth() > 0
        && g.batch() > 0;
  }

  /** A forward convolution or the gradient of its data. */
  static WinogradKernel of(Convolution spec, boolean vector) {
    WinogradKernel kernel = new WinogradKernel(spec, Correlation.of(spec), vector);
    if (kernel.workers(2) > 1) {
      kernel.product.expect();
      TileTransforms.now(vector);
    }
    return kernel;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    TileTransforms transforms = TileTransforms.now(vector);
    if (windowsKept) {
      float[] windows = (float[]) run.sharedArray(DType.F32);
      for (int t = run.firstTask(worker); t < grid.chunks; t = run.nextTask()) {
        transformWindows(transforms, operands[0], t, windows, grid.firstTile(t), run.workerScratch(worker));
      }
      run.barrier();
      int groups = (grid.chunks + chunksAtOnce - 1) / chunksAtOnce;
      for (int t = run.firstTask(worker); t < groups * blocks; t = run.nextTask()) {
        blockOfFilters(transforms, operands, t / groups, t % groups * chunksAtOnce, windows, run, worker);
      }
      return;
    }
    if (!run.isPacked()) {
      int portions = (channels + channelsAtOnce - 1) / channelsAtOnce;
      for (int t = run.firstTask(worker); t < portions * blocks; t = run.nextTask()) {
        transformFilters(transforms, operands[1], t / portions, t % portions * channelsAtOnce, run, worker);
      }
      run.barrier();
    }
    float[] windows = (float[]) run.workerArray(worker, DType.F32);
    for (int t = run.firstTask(worker); t < grid.chunks; t = run.nextTask()) {
      chunk(transforms, operands, t, windows, run, worker);
    }
  }

  /** Bytes from one point of the transformed filters to the next. */
  private long filterPlane() {
    return WinogradProduct.spread(4L * block * (windowsKept ? channelsAtOnce : channels));
  }

  private void transformFilters(TileTransforms transforms, long operand, int number, int channel, Run run, int worker) {
    int count = Math.min(channelsAtOnce, channels - channel);
    long mine = run.workerScratch(worker);
    packing.gather(operand, number, channel, count, mine + gatheredAt);
    packing.transform(transforms, mine + gatheredAt, count,
        run.sharedScratch() + number * POINTS * filterPlane() + 4L * channel * block, filterPlane(), mine);
  }

  /** Takes the windows of a chunk to the points, from tile {@code first} of {@code windows} on. */
  private void transformWindows(
      TileTransforms transforms, long operand, int chunk, float[] windows, int first, long mine) {
    long pixels = mine + pixelsAt;
    grid.copyWindows(source, vector, operand, chunk, pixels, channelWidth);
    long column = 4L * channelWidth;
    long row = column * grid.windowColumns();
    int rows = grid.tileRowsOf(chunk);
    int images = grid.imagesOf(chunk);
    int tile = first;
    for (int i = 0; i < images; i++) {
      for (int y = 0; y < rows; y++) {
        long line = pixels + ((long) i * (rows * TILE + 2) + y * TILE) * row;
        for (int x = 0; x < grid.tileColumns; x++) {
          product.transformWindow(transforms, windows, tile++, line + x * TILE * column, row, column, mine);
        }
      }
    }
  }

  /** One chunk of tiles with all filters. */
  private void chunk(TileTransforms transforms, long[] operands, int chunk, float[] windows, Run run, int worker) {
    long mine = run.workerScratch(worker);
    transformWindows(transforms, operands[0], chunk, windows, 0, mine);
    int tiles = grid.tilesOf(chunk);
    for (int number = 0; number < blocks; number++) {
      for (int k = 0; k < product.kBlocks; k++) {
        long at = run.sharedScratch() + number * POINTS * filterPlane() + 4L * k * product.kBlock * block;
        product.multiply(windows, k, 0, tiles, at, filterPlane(), mine + productsAt, product.plane(grid.tiles()));
      }
      finish(transforms, operands, chunk, number, mine + productsAt, product.plane(grid.tiles()), run, worker);
    }
  }

  /** One block of filters with the tiles of some chunks. */
  private void blockOfFilters(
      TileTransforms transforms, long[] operands, int number, int firstChunk, float[] windows, Run run, int worker) {
    long mine = run.workerScratch(worker);
    int end = Math.min(grid.chunks, firstChunk + chunksAtOnce);
    int first = grid.firstTile(firstChunk);
    int tiles = grid.firstTile(end) - first;
    long plane = product.plane(chunksAtOnce * grid.tiles());
    for (int k = 0; k < product.kBlocks; k++) {
      int channel = k * product.kBlock;
      int count = Math.min(product.kBlock, channels - channel);
      packing.gather(operands[1], number, channel, count, mine + gatheredAt);
      packing.transform(transforms, mine + gatheredAt, count, mine + filtersAt, filterPlane(), mine);
      product.multiply(windows, k, first, tiles, mine + filtersAt, filterPlane(),
          mine + productsAt, plane);
    }
    for (int chunk = firstChunk; chunk < end; chunk++) {
      long at = mine + productsAt + 4L * (grid.firstTile(chunk) - first) * block;
      finish(transforms, operands, chunk, number, at, plane, run, worker);
    }
  }

  /** Takes the products of a chunk and a block of filters back to results, and runs the epilogue over them. */
  private void finish(TileTransforms transforms, long[] operands, int chunk, int number, long products, long plane,
      Run run, int worker) {
    long mine = run.workerScratch(worker);
    long tiles = mine + tilesAt;
    long column = 4L * block;
    long row = column * grid.tileColumns * TILE;
    int rows = grid.tileRowsOf(chunk);
    int images = grid.imagesOf(chunk);
    long at = products;
    for (int i = 0; i < images * rows; i++) {
      for (int x = 0; x < grid.tileColumns; x++) {
        transforms.output(at, plane, tiles + i * TILE * row + x * TILE * column, row, column, mine,
            block / lanes);
        at += column;
      }
    }
    if (!transforms.finite(tiles, mine, grid.tilesOf(chunk) * TILE * TILE * block)) {
      plain(transforms, operands, chunk, number, mine);
    }
    epilogue(operands, chunk, number, tiles, row, run, worker);
  }

  /** A chunk's results for a block of filters as plain sums. */
  private void plain(TileTransforms transforms, long[] operands, int chunk, int number, long mine) {
    grid.copyWindows(source, vector, operands[0], chunk, mine + pixelsAt, channelWidth);
    int images = grid.imagesOf(chunk);
    int rows = grid.tileRowsOf(chunk) * TILE;
    int columns = grid.tileColumns * TILE;
    Memory.fill(mine + tilesAt, 4L * images * rows * columns * block, (byte) 0);
    long pixel = 4L * channelWidth;
    long line = pixel * grid.windowColumns();
    for (int channel = 0; channel < channels; channel += channelsAtOnce) {
      int count = Math.min(channelsAtOnce, channels - channel);
      packing.gather(operands[1], number, channel, count, mine + gatheredAt);
      for (int r = 0; r < images * rows; r++) {
        long from = mine + pixelsAt + (r / rows * (rows + 2L) + r % rows) * line + 4L * channel;
        for (int x = 0; x < columns; x++) {
          for (int f = 0; f < block; f += lanes) {
            transforms.plain(from + x * pixel, line, pixel, mine + gatheredAt + 4L * f, 4L * block,
                mine + tilesAt + 4L * (((long) r * columns + x) * block + f), count);
          }
        }
      }
    }
  }

  private void epilogue(long[] operands, int chunk, int number, long tiles, long row, Run run, int worker) {
    long lines = run.workerScratch(worker) + linesAt;
    int first = number * block;
    int count = Math.min(block, filters - first);
    int images = grid.imagesOf(chunk);
    int rows = grid.rowsOf(chunk);
    int width = grid.width;
    for (int i = 0; i < images; i++) {
      for (int y = 0; y < rows; y++) {
        Packing.transposed(tiles + ((long) i * grid.tileRowsOf(chunk) * TILE + y) * row, 4L * block, count, width,
            lines + 4L * (i * rows + y) * width, 4L * linePitch);
      }
    }
    long[] index = run.index(worker);
    int firstRow = grid.tileRow(chunk) * TILE;
    for (int f = 0; f < count; f++) {
      long line = lines + 4L * f * linePitch;
      index[1] = first + f;
      for (int i = 0; i < images; i++) {
        index[0] = grid.image(chunk) + i;
        if (epilogue.flat) {
          index[2] = (long) firstRow * width;
          apply(line, rows * width, operands, run, worker);
          line += 4L * rows * width;
          continue;
        }
        for (int y = 0; y < rows; y++) {
          index[2] = firstRow + y;
          index[3] = 0;
          apply(line, width, operands, run, worker);
          line += 4L * width;
        }
      }
    }
  }

  private void apply(long line, int n, long[] operands, Run run, int worker) {
    epilogue.epilogue.apply(line, run.index(worker), n, operands, 2, inputs, run.longs(worker));
  }

  @Override
  public int workers(int most) {
    return work < ConvolutionKernel.PARALLEL_OPERATIONS ? 1 : most;
  }

  @Override
  public long sharedScratch() {
    return windowsKept ? 0 : blocks * POINTS * filterPlane();
  }

  @Override
  public long workerScratch() {
    return scratch;
  }

  @Override
  public int scratchLongs() {
    return epilogue.epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    return windowsKept
        ? new HeapScratch(DType.F32, product.windowElements(), 0)
        : new HeapScratch(DType.F32, 0, product.windowElements());
  }

  @Override
  public int packedOperand() {
    return windowsKept ? -1 : 1;
  }

  @Override
  public String variant() {
    return "Winograd F(4x4, 3x3): " + grid.tileRows + "x" + grid.tileColumns + " tiles, " + grid.chunks + " chunks of "
        + grid.images + " images and " + grid.band + " rows of tiles, " + blocks + " blocks of " + block + " filters, "
        + (windowsKept ? "windows" : "filters") + " kept";
  }
}
