package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/**
 * The gradient of 3x3 filters that move by single steps, by Winograd's F(4x4, 3x3) turned round: see {@link
 * TileTransforms}.
 *
 * <p>Work: for each tile of 4x4 pixels of the result's gradient 36 products of channels by filters, which are 4.5
 * operations for each pixel, channel and filter where the plain sum takes 18; and transforms of 144 multiply-adds for each
 * channel of a tile and 90 for each filter. The floor is the multiply-add rate. Bytes: both operands are read once; the
 * sums at the points are four times the filters' size, and are read and written for each chunk of tiles.
 *
 * <p>A task sums over some chunks of tiles: it takes the windows of the data and the tiles of the gradient to the points,
 * channels last, and adds their products to sums of its own. Where those are too large for that, all windows and tiles are
 * transformed first, and a task makes the sums for some channels and filters over all tiles. Last the tasks' sums are
 * added, in order, and taken back to filters, and the epilogue runs over them.
 *
 * <p>Reached, as operations of the plain sum, beside the plain form in alternating rounds on one thread with a peak of 115
 * GFLOP/s: 32x64x32x32 with 64 filters 142 GFLOP/s (plain 62), 32x256x8x8 with 256 filters 166 (63), 32x512x4x4 with 512
 * filters 137 (51), 32x16x8x8 with 16 filters 69 (37).
 *
 * <p>Where a result is not finite, the whole gradient is computed once more as a plain sum, before the epilogue: in the
 * sums at the points one pixel that is infinite reaches all taps of a filter, and a NaN hides what it should be.
 */
final class WinogradGradientKernel implements Kernel {
  private static final int POINTS = TileTransforms.POINTS;
  private static final int TAPS = TileTransforms.TAPS;
  private static final int TILE = TileTransforms.TILE;
  private static final int MOST_TILES = 48;
  private static final int ENOUGH_CHUNKS = 16;
  /** What a chunk's transformed windows and tiles may take of the second-level cache, in bytes. */
  private static final long CHUNK_BYTES = 512 << 10;

  /** Up to this size each task has sums of its own for all filters. */
  private static final long SUM_BYTES = 5 << 19;

  private static final long ALL_SUMS_BYTES = 10 << 20;
  private static final long MOST_SPLITS = 16;
  private static final long SHARED_BYTES = 16 << 20;
  private static final int VECTORS_AT_ONCE = 4;
  private static final int TILES_AT_ONCE = 128;
  private static final int FILTERS_AT_ONCE = 8;
  private static final int FLAG_BYTES = 128;

  private final Kernel plain;
  private final Correlation source;
  private final View gradient;
  private final TileGrid grid;
  private final boolean vector;
  private final long work;
  private final int lanes;
  private final int channels;
  private final int channelVectors;
  private final int filters;
  private final int block;
  private final int blocks;
  /** Whether all transformed windows and tiles are kept, and not sums of each task. */
  private final boolean tilesKept;
  /** Tasks that each sum over some chunks. */
  private final int splits;
  /** Tiles for which there is room in the transformed windows and tiles. */
  private final int capacity;
  private final MicroKernel kernel;
  private final FilterEpilogue epilogue;
  // Offsets into the shared scratch memory; a flag is at its begin.
  private final long linesAt;
  private final long sumsAt;
  private final long sharedTilesAt;
  private final long shared;
  // Offsets into a worker's scratch memory.
  private final long pixelsAt;
  private final long tilesAt;
  private final long totalAt;
  private final long tapsAt;
  private final long scratch;

  private WinogradGradientKernel(Convolution spec, boolean vector) {
    this.plain = FilterGradientKernel.of(spec, vector);
    Convolution.Geometry g = spec.geometry();
    this.source = Correlation.of(
        new Convolution(
            Convolution.Form.FORWARD,
            g,
            spec.first(),
            View.dense(DType.F32, g.filterShape()),
            Epilogue.store(DType.F32, View.dense(DType.F32, g.resultShape()))));
    this.gradient = spec.second();
    this.vector = vector;
    this.work = spec.operations();
    this.lanes = MicroKernels.lanes(DType.F32, vector);
    this.channels = (int) g.channels();
    this.channelVectors = Math.ceilDiv(channels, lanes);
    this.filters = (int) g.filters();
    this.block = WinogradProduct.block(filters, lanes, vector);
    this.blocks = Math.ceilDiv(filters, block);
    int width = channelVectors * lanes;
    long tileBytes = 4L * POINTS * (width + blocks * block);
    long sumBytes = 4L * POINTS * width * blocks * block;
    int wanted = (int) Math.clamp(CHUNK_BYTES / tileBytes / 8 * 8, 16, MOST_TILES);
    this.grid = new TileGrid(source, source.parts().getFirst(), wanted, ENOUGH_CHUNKS);
    this.tilesKept = sumBytes > SUM_BYTES && 4L * POINTS * grid.allTiles() * width <= SHARED_BYTES;
    this.splits = tilesKept
        ? 1
        : (int) Math.clamp(Math.clamp(ALL_SUMS_BYTES / sumBytes, 2, MOST_SPLITS), 1, grid.chunks);
    this.capacity = tilesKept ? grid.allTiles() : grid.tiles();
    this.kernel = MicroKernels.get(new MicroShape(DType.F32, lanes, 1, 1, lanes, true, false), vector);
    this.epilogue = new FilterEpilogue(spec);

    this.linesAt = FLAG_BYTES;
    this.sumsAt = linesAt + aligned(4L * filters * channels * TAPS);
    this.sharedTilesAt = sumsAt + (tilesKept ? 0 : splits * blocks * POINTS * sumPlane(channelVectors));
    this.shared = Math.max(plain.sharedScratch(),
        sharedTilesAt + (tilesKept ? aligned(blocks * POINTS * tilePlane()) : 0));
    this.pixelsAt = aligned(4L * lanes * TileTransforms.TEMPORARY);
    this.tilesAt = pixelsAt
        + aligned(Math.max(4L * grid.windowPixels() * width, 4L * grid.tilePixels() * blocks * block));
    this.totalAt = tilesAt + (tilesKept ? 0 : aligned(blocks * POINTS * tilePlane()));
    this.tapsAt = totalAt + aligned(POINTS * sumPlane(tilesKept ? VECTORS_AT_ONCE : 1));
    this.scratch = Math.max(plain.workerScratch(), tapsAt + aligned(4L * lanes * TAPS * block));
  }

  private static long aligned(long bytes) {
    return (bytes + 127) / 128 * 128;
  }

  /** The gradient of the filters of a convolution that {@link WinogradKernel} can compute. */
  static WinogradGradientKernel of(Convolution spec, boolean vector) {
    WinogradGradientKernel result = new WinogradGradientKernel(spec, vector);
    if (result.workers(2) > 1) {
      result.kernel.expect();
      TileTransforms.now(vector);
    }
    return result;
  }

  /** Bytes from one point of the sums of some vectors of channels and a block of filters to the next. */
  private long sumPlane(int vectors) {
    return WinogradProduct.spread(4L * vectors * lanes * block);
  }

  /** Bytes from one point of the transformed tiles of a block of filters to the next. */
  private long tilePlane() {
    return WinogradProduct.spread(4L * capacity * block);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    TileTransforms transforms = TileTransforms.now(vector);
    long mine = run.workerScratch(worker);
    long flag = run.sharedScratch();
    if (worker == 0) {
      Memory.putInt(flag, 0);
    }
    if (tilesKept) {
      keepTiles(transforms, operands, run, mine, worker);
      int groups = Math.ceilDiv(channelVectors, VECTORS_AT_ONCE);
      float[] windows = (float[]) run.sharedArray(DType.F32);
      for (int t = run.firstTask(worker); t < groups * blocks; t = run.nextTask()) {
        sumOverAll(transforms, windows, t / groups, t % groups * VECTORS_AT_ONCE, run, mine);
      }
    } else {
      float[] windows = (float[]) run.workerArray(worker, DType.F32);
      for (int t = run.firstTask(worker); t < splits; t = run.nextTask()) {
        sumOverChunks(transforms, operands, windows, t, run, mine);
      }
      run.barrier();
      for (int t = run.firstTask(worker); t < channelVectors * blocks; t = run.nextTask()) {
        addSplits(transforms, t / channelVectors, t % channelVectors, run, mine);
      }
    }
    run.barrier();
    if (Memory.getInt(flag) != 0) {
      // The plain form uses the flag's memory: all must have seen it.
      run.barrier();
      plain.part(operands, run, worker, workers);
      return;
    }
    for (int t = run.firstTask(worker); t < Math.ceilDiv(filters, FILTERS_AT_ONCE); t = run.nextTask()) {
      for (int f = t * FILTERS_AT_ONCE; f < Math.min(filters, (t + 1) * FILTERS_AT_ONCE); f++) {
        epilogue.apply(flag + linesAt + 4L * f * channels * TAPS, f, operands, run, worker);
      }
    }
  }

  private void keepTiles(TileTransforms transforms, long[] operands, Run run, long mine, int worker) {
    float[] windows = (float[]) run.sharedArray(DType.F32);
    for (int t = run.firstTask(worker); t < grid.chunks; t = run.nextTask()) {
      int first = grid.firstTile(t);
      transformWindows(transforms, operands[0], t, windows, first, mine);
      transformTiles(transforms, operands[1], t, run.sharedScratch() + sharedTilesAt, first, mine);
    }
    run.barrier();
  }

  /** [point][vector of channels][tile][channel], from tile {@code first} on. */
  private void transformWindows(
      TileTransforms transforms, long operand, int chunk, float[] windows, int first, long mine) {
    long pixels = mine + pixelsAt;
    long column = 4L * channelVectors * lanes;
    grid.copyWindows(source, vector, operand, chunk, pixels, channelVectors * lanes);
    long row = column * grid.windowColumns();
    int rows = grid.tileRowsOf(chunk);
    int tile = first;
    for (int i = 0; i < grid.imagesOf(chunk) * rows; i++) {
      long line = pixels + (i / rows * (rows * TILE + 2L) + i % rows * TILE) * row;
      for (int x = 0; x < grid.tileColumns; x++) {
        for (int v = 0; v < channelVectors; v++) {
          transforms.input(windows, ((long) v * capacity + tile) * lanes, (long) channelVectors * capacity * lanes,
              line + x * TILE * column + 4L * v * lanes, row, column, mine, 1);
        }
        tile++;
      }
    }
  }

  /** [block][point][tile][filter], from tile {@code first} on. */
  private void transformTiles(TileTransforms transforms, long operand, int chunk, long to, int first, long mine) {
    long pixels = mine + pixelsAt;
    long column = 4L * blocks * block;
    grid.copyTiles(gradient, filters, vector, operand, chunk, pixels, blocks * block);
    long row = column * grid.tileColumns * TILE;
    int rows = grid.imagesOf(chunk) * grid.tileRowsOf(chunk);
    int tile = first;
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < grid.tileColumns; x++) {
        for (int b = 0; b < blocks; b++) {
          transforms.gradient(pixels + y * TILE * row + x * TILE * column + 4L * b * block, row, column,
              to + b * POINTS * tilePlane() + 4L * tile * block, tilePlane(), mine, block / lanes);
        }
        tile++;
      }
    }
  }

  private void sumOverChunks(
      TileTransforms transforms, long[] operands, float[] windows, int split, Run run, long mine) {
    long sums = splitAt(run, split, 0);
    Memory.fill(sums, blocks * POINTS * sumPlane(channelVectors), (byte) 0);
    int end = (int) ((long) grid.chunks * (split + 1) / splits);
    for (int chunk = (int) ((long) grid.chunks * split / splits); chunk < end; chunk++) {
      transformWindows(transforms, operands[0], chunk, windows, 0, mine);
      transformTiles(transforms, operands[1], chunk, mine + tilesAt, 0, mine);
      for (int b = 0; b < blocks; b++) {
        multiply(windows, 0, channelVectors, mine + tilesAt + b * POINTS * tilePlane(), 0, grid.tilesOf(chunk),
            splitAt(run, split, b), sumPlane(channelVectors));
      }
    }
  }

  private long splitAt(Run run, int split, int number) {
    return run.sharedScratch() + sumsAt + ((long) split * blocks + number) * POINTS * sumPlane(channelVectors);
  }

  /**
   * Adds the products of some vectors of channels of the windows and a block of filters of the tiles, for {@code count}
   * tiles from {@code tile} on, to sums [point][channel][filter].
   */
  private void multiply(
      float[] windows, int firstVector, int vectors, long tiles, int tile, int count, long sums, long sumPlane) {
    long row = 4L * block;
    for (int point = 0; point < POINTS; point++) {
      long right = tiles + point * tilePlane() + tile * row;
      for (int v = 0; v < vectors; v++) {
        int left = ((point * channelVectors + firstVector + v) * capacity + tile) * lanes;
        long to = sums + point * sumPlane + v * lanes * row;
        for (int f = 0; f < block; f += lanes) {
          kernel.run(count, windows, left, MicroKernel.NO_TABLE, 0, 0, right + 4L * f, row, to + 4L * f, row);
        }
      }
    }
  }

  /** The gradient of one block of filters for some vectors of channels, over all tiles. */
  private void sumOverAll(
      TileTransforms transforms, float[] windows, int number, int firstVector, Run run, long mine) {
    int vectors = Math.min(VECTORS_AT_ONCE, channelVectors - firstVector);
    long plane = sumPlane(VECTORS_AT_ONCE);
    long sums = mine + totalAt;
    Memory.fill(sums, POINTS * plane, (byte) 0);
    long tiles = run.sharedScratch() + sharedTilesAt + number * POINTS * tilePlane();
    for (int tile = 0; tile < capacity; tile += TILES_AT_ONCE) {
      multiply(windows, firstVector, vectors, tiles, tile, Math.min(TILES_AT_ONCE, capacity - tile), sums, plane);
    }
    for (int v = 0; v < vectors; v++) {
      takeBack(transforms, sums + 4L * v * lanes * block, plane, number, firstVector + v, run, mine);
    }
  }

  /** Adds up the tasks' sums for a block of filters and one vector of channels. */
  private void addSplits(TileTransforms transforms, int number, int channelVector, Run run, long mine) {
    int elements = lanes * block;
    long plane = sumPlane(1);
    for (int point = 0; point < POINTS; point++) {
      long at = point * sumPlane(channelVectors) + 4L * channelVector * elements;
      long to = mine + totalAt + point * plane;
      Memory.copy(splitAt(run, 0, number) + at, to, 4L * elements);
      for (int s = 1; s < splits; s++) {
        transforms.add(to, splitAt(run, s, number) + at, elements);
      }
    }
    takeBack(transforms, mine + totalAt, plane, number, channelVector, run, mine);
  }

  /** Takes the sums of one vector of channels back to filters: lines [filter][channel][tap]. */
  private void takeBack(
      TileTransforms transforms, long sums, long plane, int number, int channelVector, Run run, long mine) {
    int first = channelVector * lanes;
    int count = Math.min(lanes, channels - first);
    long step = 4L * block;
    long taps = mine + tapsAt;
    for (int c = 0; c < count; c++) {
      transforms.filterGradient(sums + c * step, plane, taps + c * TAPS * step, step, mine, block / lanes);
    }
    int present = Math.min(block, filters - number * block);
    long lines = run.sharedScratch() + linesAt + 4L * ((long) number * block * channels + first) * TAPS;
    Packing.transposed(taps, step, present, count * TAPS, lines, 4L * channels * TAPS);
    if (!finite(transforms, taps, count, present, lines, mine)) {
      Memory.putInt(run.sharedScratch(), 1);
    }
  }

  private boolean finite(TileTransforms transforms, long taps, int count, int present, long lines, long mine) {
    if (present == block) {
      return transforms.finite(taps, mine, count * TAPS * block);
    }
    boolean finite = true;
    for (int f = 0; f < present; f++) {
      for (int i = 0; i < count * TAPS; i++) {
        finite &= Float.isFinite(Memory.getFloat(lines + 4L * (f * (long) channels * TAPS + i)));
      }
    }
    return finite;
  }

  @Override
  public int workers(int most) {
    return work < ConvolutionKernel.PARALLEL_OPERATIONS ? 1 : most;
  }

  @Override
  public long sharedScratch() {
    return shared;
  }

  @Override
  public long workerScratch() {
    return scratch;
  }

  @Override
  public int scratchLongs() {
    return Math.max(plain.scratchLongs(), epilogue.scratchLongs());
  }

  @Override
  public HeapScratch heapScratch() {
    int elements = Math.multiplyExact(POINTS * channelVectors * lanes, capacity);
    HeapScratch other = plain.heapScratch();
    return tilesKept
        ? new HeapScratch(DType.F32, Math.max(other.shared(), elements), other.each())
        : new HeapScratch(DType.F32, other.shared(), Math.max(other.each(), elements));
  }

  @Override
  public String variant() {
    return "Winograd F(4x4, 3x3): " + grid.tileRows + "x" + grid.tileColumns + " tiles, " + grid.chunks + " chunks of "
        + grid.images + " images and " + grid.band + " rows of tiles, "
        + (tilesKept
            ? "all kept, " + VECTORS_AT_ONCE * lanes + " channels and " + block + " filters a task"
            : splits + " tasks with sums of their own");
  }
}
