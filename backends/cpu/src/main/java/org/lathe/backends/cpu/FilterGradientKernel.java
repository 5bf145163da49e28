package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;

/**
 * The gradient of a convolution's filters: for each group a product of as many rows as channels times taps, as many
 * columns as filters, summed over all pixels.
 *
 * <p>Work: {@code 2 * pixels * channels * taps * filters} operations; the floor is the multiply-add rate. Both operands
 * are read once, and written once in another order.
 *
 * <p>Three stages. First the result's gradient is put in the order [image, pixel, filter] (unless it is so already).
 * Then each task takes some channels and some images: in a padded copy of the data it finds each row of the left factor, a
 * channel seen through one tap, and each pixel of it through tables, so that nothing is gathered; the pixels of several
 * small images make one sum, so that a tile of sums is seldom loaded and stored. Last the sums of the tasks of one place
 * are added, in order, and go through the epilogue. How the pixels are split among tasks follows from the shape alone.
 */
final class FilterGradientKernel implements Kernel {
  private static final long PARALLEL_OPERATIONS = 300_000;
  private static final long PLANE_BYTES = 256 << 10;
  private static final long ENOUGH_TASKS = 16;
  private static final long LEAST_ROWS = 32;
  /** Pixels of small images that are summed in one go, so that the tile of sums is seldom loaded and stored. */
  private static final long PIXELS = Tiling.K_BLOCK;

  private final Convolution.Geometry g;
  private final DType stored;
  private final DType sums;
  private final int bytes;
  private final View gradient;
  private final Correlation source;
  private final Correlation.Part part;
  private final Planes planes;
  private final Tiling tiling;
  private final boolean gradientInPlace;
  private final long filters;
  private final long channels;
  private final long taps;
  private final long pixels;
  private final int filterWidth;
  private final int channelsPerTask;
  private final long channelTiles;
  private final long splits;
  private final int band;
  /** Images that are summed in one go. */
  private final int images;
  private final long tasks;
  private final long work;
  /** Where the elements of the left factor lie in a copy of the data: of each row, then of each pixel. */
  private final int[] table;
  private final FilterEpilogue epilogue;

  private FilterGradientKernel(Convolution spec, boolean vector) {
    this.g = spec.geometry();
    this.stored = spec.first().dtype();
    this.sums = Elements.sums(stored);
    this.bytes = sums.bytes();
    this.gradient = spec.second();
    this.work = spec.operations();
    this.filters = g.filters() / g.groups();
    this.channels = g.channels() / g.groups();
    this.taps = g.kernelHeight() * g.kernelWidth();
    this.pixels = g.outHeight() * g.outWidth();
    // The columns that a forward convolution reads are the left factor here.
    Correlation all = Correlation.of(
        new Convolution(
            Convolution.Form.FORWARD,
            g,
            spec.first(),
            View.dense(stored, g.filterShape()),
            Epilogue.store(spec.accumulator(), View.dense(spec.accumulator(), g.resultShape()))));
    this.part = all.parts().getFirst();

    boolean parallel = work >= PARALLEL_OPERATIONS;
    long tile = Math.max(1, channels);
    while (parallel && tile > 1 && tile / 2 * taps >= LEAST_ROWS
        && g.groups() * Tiling.ceil(channels, tile) < ENOUGH_TASKS) {
      tile = (tile + 1) / 2;
    }
    long most = Math.max(1,
        PLANE_BYTES / bytes / Math.max(1, (g.width() + g.kernelWidth() + 1) * (g.kernelHeight() + 3)));
    tile = Math.min(tile, most);
    this.channelsPerTask = (int) tile;
    this.channelTiles = Tiling.ceil(channels, tile);
    long wanted = parallel ? Tiling.ceil(ENOUGH_TASKS, Math.max(1, g.groups() * channelTiles)) : 1;
    this.splits = Math.clamp(wanted, 1, Math.max(1, g.batch()));

    this.source = all.withChannels(channelsPerTask);
    Planes whole = Planes.whole(source, part, (int) g.outHeight(), 1);
    long lineBytes = Math.max(1, whole.elements() / Math.max(1, whole.height) * bytes);
    long first = whole.height - (g.outHeight() - 1) * source.step();
    this.band = (int) Math.clamp(
        (PLANE_BYTES / lineBytes - first) / source.step() + 1, 1, Math.max(1, g.outHeight()));
    this.tiling = new Tiling(
        sums,
        vector,
        channelsPerTask * taps,
        filters,
        // More than one block: what an image comes to is added to the sums of those before.
        Math.max(g.batch() * pixels, Tiling.K_BLOCK + 1),
        Tiling.Left.TABLED,
        false);
    this.filterWidth = (int) (Tiling.ceil(filters, tiling.lanes) * tiling.lanes);
    this.gradientInPlace = stored == sums
        && gradient.strides().get(1) == 1
        && filterWidth == filters
        && gradient.strides().get(2) == gradient.strides().get(3) * g.outWidth();
    boolean follow = !gradientInPlace || gradient.strides().get(0) == gradient.strides().get(3) * pixels;
    this.images = band < g.outHeight() || !follow
        ? 1
        : (int) Math.clamp(PIXELS / Math.max(1, pixels), 1, Math.max(1, g.batch() / splits));
    this.planes = Planes.whole(source, part, band, images);
    this.tasks = filters == 0 || channels * taps == 0 ? 0 : g.groups() * channelTiles * splits;

    int rows = (int) (channelsPerTask * taps);
    int inBand = (int) (band * g.outWidth());
    this.table = new int[rows + images * inBand];
    for (int i = 0; i < rows; i++) {
      table[i] = Math.toIntExact(planes.tapOffset(i / taps, part.taps().get((int) (i % taps))));
    }
    for (int i = rows; i < table.length; i++) {
      int pixel = (i - rows) % inBand;
      table[i] = Math.toIntExact((i - rows) / inBand * planes.planeElements()
          + planes.resultOffset(pixel / g.outWidth(), pixel % g.outWidth()));
    }
    this.epilogue = new FilterEpilogue(spec);
  }

  static FilterGradientKernel of(Convolution spec, boolean vector) {
    FilterGradientKernel kernel = new FilterGradientKernel(spec, vector);
    if (kernel.work >= PARALLEL_OPERATIONS) {
      kernel.tiling.expect(kernel.filterWidth);
    }
    return kernel;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    if (!gradientInPlace) {
      long count = tasks == 0 ? 0 : g.groups() * g.batch();
      for (int t = run.firstTask(worker); t < count; t = run.nextTask()) {
        turn(operands[1], t / g.batch(), t % g.batch(), run.sharedScratch());
      }
      run.barrier();
    }
    for (int t = run.firstTask(worker); t < tasks; t = run.nextTask()) {
      multiply(operands, run, worker, t);
    }
    run.barrier();
    long lines = tasks == 0 ? 0 : g.groups() * Tiling.ceil(filters, tiling.lanes);
    for (int t = run.firstTask(worker); t < lines; t = run.nextTask()) {
      finish(operands, run, worker, t / (lines / g.groups()), t % (lines / g.groups()) * tiling.lanes);
    }
  }

  /** Puts one image of the result's gradient in the order [pixel, filter]. */
  private void turn(long base, long group, long image, long shared) {
    Dims s = gradient.strides();
    long to = shared + (group * g.batch() + image) * pixels * filterWidth * bytes;
    boolean lines = s.get(2) == s.get(3) * g.outWidth();
    long count = lines ? 1 : g.outHeight();
    int pixelsEach = (int) (lines ? pixels : g.outWidth());
    for (long y = 0; y < count; y++) {
      long from = gradient.offset() + image * s.get(0) + group * filters * s.get(1) + y * s.get(2);
      Packing.right(
          stored,
          tiling.vector,
          base + from * stored.bytes(),
          s.get(3),
          s.get(1),
          pixelsEach,
          (int) filters,
          to + y * g.outWidth() * filterWidth * bytes,
          filterWidth);
    }
  }

  /** The address of [pixel 0, filter 0] of one image of the result's gradient. */
  private long gradientAt(long[] operands, long shared, long group, long image) {
    Dims s = gradient.strides();
    return gradientInPlace
        ? operands[1] + (gradient.offset() + image * s.get(0) + group * filters) * bytes
        : shared + (group * g.batch() + image) * pixels * filterWidth * bytes;
  }

  private long gradientStep() {
    return gradientInPlace ? gradient.strides().get(3) * bytes : (long) filterWidth * bytes;
  }

  private long sumsAt(long shared, long task) {
    return shared + gradientBytes() + task * sumsBytes();
  }

  private void multiply(long[] operands, Run run, int worker, long task) {
    long split = task % splits;
    long tile = task / splits % channelTiles;
    long group = task / splits / channelTiles;
    long firstChannel = tile * channelsPerTask;
    int count = (int) Math.min(channelsPerTask, channels - firstChannel);
    long total = sumsAt(run.sharedScratch(), task);
    if (g.batch() * pixels == 0) {
      Memory.fill(total, sumsBytes(), (byte) 0);
    }
    Object array = run.workerArray(worker, sums);
    long firstImage = g.batch() * split / splits;
    long endImage = g.batch() * (split + 1) / splits;
    for (long image = firstImage; image < endImage; image += images) {
      int some = (int) Math.min(images, endImage - image);
      for (long row = 0; row < g.outHeight(); row += band) {
        int lines = (int) Math.min(band, g.outHeight() - row);
        planes.fill(operands[0], group * channels + firstChannel, count, image, some, row, array);
        long right = gradientAt(operands, run.sharedScratch(), group, image) + row * g.outWidth() * gradientStep();
        int inBand = some * (int) (lines * g.outWidth());
        for (int pixel = 0; pixel < inBand; pixel += Tiling.K_BLOCK) {
          boolean first = image == firstImage && row == 0 && pixel == 0;
          tiles(array, pixel, Math.min(Tiling.K_BLOCK, inBand - pixel), count, right, total, !first);
        }
      }
    }
  }

  /** Adds what {@code k} pixels from {@code pixel} of a band on come to. */
  private void tiles(Object array, int pixel, int k, int count, long right, long total, boolean accumulate) {
    long pitch = (long) filterWidth * bytes;
    int panels = (int) Math.min(tiling.panels, Tiling.ceil(count * taps, tiling.rows));
    for (int j = 0; j < filterWidth; j += tiling.columns()) {
      int vectors = Math.min(tiling.vectors, (filterWidth - j) / tiling.lanes);
      for (int p = 0; p < panels; p++) {
        tiling.kernel(p, vectors, accumulate)
            .run(
                k,
                array,
                0,
                table,
                p * tiling.rows,
                (int) (channelsPerTask * taps) + pixel,
                right + pixel * gradientStep() + (long) j * bytes,
                gradientStep(),
                total + p * (long) tiling.rows * pitch + (long) j * bytes,
                pitch);
      }
    }
  }

  /** Adds up the tasks' sums for one vector of filters, and runs the epilogue over each filter. */
  private void finish(long[] operands, Run run, int worker, long group, long filter) {
    long line = run.workerScratch(worker);
    long perFilter = channels * taps;
    int count = (int) Math.min(tiling.lanes, filters - filter);
    long rowsPerTask = channelsPerTask * taps;
    for (long m = 0; m < perFilter; m++) {
      long task = (group * channelTiles + m / rowsPerTask) * splits;
      long at = sumsAt(run.sharedScratch(), task) + (m % rowsPerTask * filterWidth + filter) * bytes;
      for (int f = 0; f < count; f++) {
        add(at + (long) f * bytes, line + (f * perFilter + m) * bytes);
      }
    }
    for (int f = 0; f < count; f++) {
      epilogue.apply(line + f * perFilter * bytes, group * filters + filter + f, operands, run, worker);
    }
  }

  private void add(long at, long to) {
    switch (sums) {
      case F32 -> {
        float sum = Memory.getFloat(at);
        for (int s = 1; s < splits; s++) {
          sum += Memory.getFloat(at + s * sumsBytes());
        }
        Memory.putFloat(to, sum);
      }
      case F64 -> {
        double sum = Memory.getDouble(at);
        for (int s = 1; s < splits; s++) {
          sum += Memory.getDouble(at + s * sumsBytes());
        }
        Memory.putDouble(to, sum);
      }
      case I64 -> {
        long sum = Memory.getLong(at);
        for (int s = 1; s < splits; s++) {
          sum += Memory.getLong(at + s * sumsBytes());
        }
        Memory.putLong(to, sum);
      }
      default -> {
        int sum = Memory.getInt(at);
        for (int s = 1; s < splits; s++) {
          sum += Memory.getInt(at + s * sumsBytes());
        }
        Memory.putInt(to, sum);
      }
    }
  }

  private long gradientBytes() {
    return gradientInPlace ? 0 : (g.groups() * g.batch() * pixels * filterWidth * bytes + 127) / 128 * 128;
  }

  /** Of one task: [channel, tap, filter], with filters filled up to whole vectors. */
  private long sumsBytes() {
    return ((long) tiling.panels * tiling.rows * filterWidth * bytes + 127) / 128 * 128;
  }

  @Override
  public int workers(int most) {
    return work < PARALLEL_OPERATIONS ? 1 : (int) Math.min(most, Math.max(1, tasks));
  }

  @Override
  public long sharedScratch() {
    return gradientBytes() + tasks * sumsBytes();
  }

  @Override
  public long workerScratch() {
    return tiling.lanes * channels * taps * bytes;
  }

  @Override
  public int scratchLongs() {
    return epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    return new HeapScratch(sums, 0, planes.arrayLength());
  }

  @Override
  public String variant() {
    return tiling + ", " + channelsPerTask
        + " channels and 1/" + splits + " of the images a task, " + images + " at once, " + tasks + " tasks";
  }
}
