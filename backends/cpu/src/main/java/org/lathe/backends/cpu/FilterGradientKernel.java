package org.lathe.backends.cpu;

import java.util.Arrays;
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
 * Then each task takes some channels and some images: in a padded copy of the data each row of the left factor, a channel
 * seen through one tap, is a run of consecutive elements for each line of pixels, so that nothing is gathered (lines too
 * short to pay for a tile's start are gathered into longer ones). Last the sums of the tasks of one place are added, in
 * order, and go through the epilogue. How the pixels are split among tasks follows from the shape alone.
 */
final class FilterGradientKernel implements Kernel {
  private static final long PARALLEL_OPERATIONS = 300_000;
  private static final long PLANE_BYTES = 256 << 10;
  private static final long ENOUGH_TASKS = 16;
  private static final long LEAST_ROWS = 32;
  /** Lines at least this long are multiplied as they lie. */
  private static final long LONG_LINE = 16;

  private static final long GATHER_FILTERS = 64;

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
  private final boolean gathered;
  private final long filters;
  private final long channels;
  private final long taps;
  private final long pixels;
  private final int filterWidth;
  private final int channelsPerTask;
  private final long channelTiles;
  private final long splits;
  private final int band;
  private final long tasks;
  private final long work;
  private final int lineStep;
  private final OffsetTable rows;
  private final int[] rowOffsets;
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
    Planes whole = new Planes(source, part, (int) g.outHeight(), 1);
    long lineBytes = Math.max(1, whole.elements() / Math.max(1, whole.height) * bytes);
    long halo = whole.height - g.outHeight();
    this.band = (int) Math.clamp(PLANE_BYTES / lineBytes - halo, 1, Math.max(1, g.outHeight()));
    this.planes = new Planes(source, part, band, 1);
    this.lineStep = planes.width;
    this.gathered = g.outWidth() < LONG_LINE && filters >= GATHER_FILTERS;
    this.tiling = new Tiling(
        sums,
        vector,
        channelsPerTask * taps,
        filters,
        gathered ? Math.max(pixels, Tiling.K_BLOCK + 1) : pixels,
        gathered ? Tiling.Left.ROWS : Tiling.Left.SCATTERED,
        false);
    this.filterWidth = (int) (Tiling.ceil(filters, tiling.lanes) * tiling.lanes);
    this.gradientInPlace = stored == sums
        && gradient.strides().get(1) == 1
        && filterWidth == filters
        && gradient.strides().get(2) == gradient.strides().get(3) * g.outWidth();
    this.tasks = filters == 0 || channels * taps == 0 ? 0 : g.groups() * channelTiles * splits;

    long[] table = new long[(int) (channelsPerTask * taps)];
    for (int i = 0; i < table.length; i++) {
      table[i] = planes.tapOffset(i / taps, part.taps().get((int) (i % taps)));
    }
    this.rows = new OffsetTable(table);
    this.rowOffsets = Arrays.stream(table).mapToInt(Math::toIntExact).toArray();

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
      for (int t = run.nextTask(); t < count; t = run.nextTask()) {
        turn(operands[1], t / g.batch(), t % g.batch(), run.sharedScratch());
      }
      run.barrier();
    }
    for (int t = run.nextTask(); t < tasks; t = run.nextTask()) {
      multiply(operands, run, worker, t);
    }
    run.barrier();
    long lines = tasks == 0 ? 0 : g.groups() * Tiling.ceil(filters, tiling.lanes);
    for (int t = run.nextTask(); t < lines; t = run.nextTask()) {
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
    Memory.fill(total, sumsBytes(), (byte) 0);
    long copy = run.workerScratch(worker);
    Object array = run.workerArray(worker, sums);
    for (long image = g.batch() * split / splits; image < g.batch() * (split + 1) / splits; image++) {
      for (long row = 0; row < g.outHeight(); row += band) {
        int lines = (int) Math.min(band, g.outHeight() - row);
        planes.fill(operands[0], group * channels + firstChannel, count, image, 1, row, copy);
        long right = gradientAt(operands, run.sharedScratch(), group, image) + row * g.outWidth() * gradientStep();
        if (gathered) {
          multiplyGathered(array, copy, lines, count, right, total);
        } else {
          HeapScratch.copy(sums, copy, array, (int) planes.elements());
          multiplyLines(array, lines, count, right, total);
        }
      }
    }
  }

  /** A line of pixels after the other; all of them at once if nothing lies between them. */
  private void multiplyLines(Object array, int lines, int count, long right, long total) {
    boolean joined = lineStep == g.outWidth();
    int k = (int) (joined ? lines * g.outWidth() : g.outWidth());
    for (int y = 0; y < (joined ? 1 : lines); y++) {
      tiles(array, y * lineStep, count, k, right + y * g.outWidth() * gradientStep(), total);
    }
  }

  private void tiles(Object array, int at, int count, int k, long right, long total) {
    long pitch = (long) filterWidth * bytes;
    int panels = (int) Math.min(tiling.panels, Tiling.ceil(count * taps, tiling.rows));
    for (int j = 0; j < filterWidth; j += tiling.columns()) {
      int vectors = Math.min(tiling.vectors, (filterWidth - j) / tiling.lanes);
      for (int p = 0; p < panels; p++) {
        tiling.kernel(p, vectors, true)
            .run(
                k,
                array,
                at,
                rows.at((long) p * tiling.rows),
                right + (long) j * bytes,
                gradientStep(),
                total + p * (long) tiling.rows * pitch + (long) j * bytes,
                pitch);
      }
    }
  }

  /** Some lines at a time, gathered into rows of at most a block of k, one panel of rows after the other. */
  private void multiplyGathered(Object array, long copy, int lines, int count, long right, long total) {
    long pitch = (long) filterWidth * bytes;
    int width = (int) g.outWidth();
    int linesAtOnce = Math.max(1, Tiling.K_BLOCK / Math.max(1, width));
    int panels = (int) Math.min(tiling.panels, Tiling.ceil(count * taps, tiling.rows));
    for (int y = 0; y < lines; y += linesAtOnce) {
      int n = Math.min(linesAtOnce, lines - y);
      for (int p = 0; p < panels; p++) {
        int rows = tiling.rowsOf(p);
        for (int r = 0; r < rows; r++) {
          long from = copy + ((long) rowOffsets[p * tiling.rows + r] + (long) y * lineStep) * bytes;
          for (int line = 0; line < n; line++) {
            int at = r * tiling.pitch + line * width;
            Packing.left(sums, from + (long) line * lineStep * bytes, 0, 1, 1, width, array, at, tiling.pitch, 1);
          }
        }
        for (int j = 0; j < filterWidth; j += tiling.columns()) {
          int vectors = Math.min(tiling.vectors, (filterWidth - j) / tiling.lanes);
          tiling.kernel(p, vectors, true)
              .run(
                  n * width,
                  array,
                  0,
                  0,
                  right + (long) y * width * gradientStep() + (long) j * bytes,
                  gradientStep(),
                  total + p * (long) tiling.rows * pitch + (long) j * bytes,
                  pitch);
        }
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
    return Math.max(planes.elements() * bytes, tiling.lanes * channels * taps * bytes);
  }

  @Override
  public int scratchLongs() {
    return epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    long length = gathered ? tiling.panelElements() : planes.elements();
    return new HeapScratch(sums, 0, Math.toIntExact(length));
  }

  @Override
  public String variant() {
    return tiling + ", pixels in lines of " + (gathered ? "several rows, gathered" : lineStep) + ", " + channelsPerTask
        + " channels and 1/" + splits + " of the images a task, " + tasks + " tasks";
  }
}
