package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;

/**
 * Convolutions and the gradients of their data over small pictures, as products whose rows are pixels and whose columns
 * are filters.
 *
 * <p>Work: {@code 2 * channels * taps} operations for each result element; the floor is the multiply-add rate. The source
 * is read once for each {@link #split} of the filters, the filters once for each {@link #images} images.
 *
 * <p>{@link ConvolutionKernel} has its pixels in the vectors, and must gather them where the lines of a picture are
 * shorter than these. Here the filters are in the vectors, packed once, and pixels are read one at a time from a padded
 * copy of some images, through a table of where each pixel begins and one of how far each channel and tap is from there:
 * whatever the picture, the stride, or the phase of a gradient (see {@link Correlation}), nothing is gathered. The
 * products of one panel of filters, [pixel, filter], are turned into [filter, pixel], where the phases join, and go
 * through the epilogue while they are in cache.
 *
 * <p>Reached on two cores with a peak of 230 GFLOP/s, best of rounds that alternated with the plain form (in brackets), 64
 * images: 128 filters of 3x3 over 128x14x14 186 GFLOP/s (149), over 128x7x7 167 (114); 128 filters of 4x4 and stride 2 over
 * 64x14x14 135 (106), the gradient of its data 166 (76). One image of 512x7x7 with 512 filters of 3x3: 74 (28), and twice
 * that where the filters stay packed. Elements read through tables cost a tile a tenth of its speed; the rest is copying
 * the source and turning the products.
 */
final class PixelRowsKernel implements Kernel {
  /** Pixels of one phase in a task, if a picture has no more. */
  private static final long PIXELS = 192;
  /** What a task's copy of the source may take of the caches, in bytes. */
  private static final long PLANE_BYTES = 512 << 10;

  private static final long ENOUGH_TASKS = 8;
  /** Lines from this length on fill the vectors of a product that has its pixels in columns. */
  private static final long LONG_LINE = 16;

  private static final int LEAST_VECTORS = 2;
  private static final long LEAST_K = 48;
  /** Where the result has phases: the other form's epilogue goes over every other pixel, without vectors. */
  private static final long LEAST_K_OF_PHASES = 16;

  /** One phase of the result. */
  private static final class Phase {
    final Tiling tiling;
    /** In the copy of the source, of each pixel, then of each channel and tap. */
    final int[] table;
    /** In a line of results, of each pixel. */
    final int[] targets;
    /** In the filters, of each channel and tap. */
    final long[] filterElements;
    final boolean contiguous;
    /** Bytes from the first phase's packed filters to these. */
    final long packedAt;

    Phase(Tiling tiling, int[] table, int[] targets, long[] filterElements, long packedAt) {
      this.tiling = tiling;
      this.table = table;
      this.targets = targets;
      this.filterElements = filterElements;
      this.packedAt = packedAt;
      boolean inOrder = true;
      for (int i = 0; i < filterElements.length; i++) {
        inOrder &= filterElements[i] == filterElements[0] + i;
      }
      this.contiguous = inOrder;
    }

    int k() {
      return filterElements.length;
    }
  }

  private final Correlation source;
  private final DType stored;
  private final DType sums;
  private final DType accumulator;
  private final int bytes;
  private final boolean vector;
  private final long work;
  private final int inputs;
  private final Planes planes;
  private final List<Phase> phases = new ArrayList<>();
  private final PartEpilogue epilogue;
  private final int filters;
  private final int height;
  private final int width;
  /** Images of a task. */
  private final int images;
  private final long imageChunks;
  /** Filters of a panel, and how many panels there are. */
  private final int panel;
  private final int panels;
  /** Panels of a task, and how many tasks share the images. */
  private final int panelsAtOnce;
  private final int split;
  private final long tasks;
  private final long filterGroup;
  private final long filterRow;
  /** Bytes of the packed filters of one group. */
  private final long packedBytes;
  private final long productBytes;
  private final long lineBytes;

  private PixelRowsKernel(Convolution spec, boolean vector) {
    this.source = Correlation.of(spec);
    this.stored = spec.first().dtype();
    this.sums = Elements.sums(stored);
    this.accumulator = spec.accumulator();
    this.bytes = sums.bytes();
    this.vector = vector;
    this.work = spec.operations();
    this.inputs = spec.inputs().size();
    this.filters = (int) source.rows();
    this.height = (int) spec.space().get(2);
    this.width = (int) spec.space().get(3);
    this.epilogue = PartEpilogue.of(spec.epilogue(), spec.space(), accumulator);

    long pixels = source.parts().stream().mapToLong(p -> p.height() * p.width()).max().orElse(0);
    Correlation.Part all = together(source);
    long bytesPerImage = Math.max(1, Planes.whole(source, all, (int) all.height(), 1).elements() * bytes);
    long most = Math.min(PIXELS / Math.max(1, pixels), PLANE_BYTES / bytesPerImage);
    long chunk = Math.clamp(most, 1, Math.max(1, source.batch()));
    while (chunk > 1 && source.groups() * Tiling.ceil(source.batch(), chunk) < ENOUGH_TASKS) {
      chunk /= 2;
    }
    this.images = (int) chunk;
    this.imageChunks = Tiling.ceil(source.batch(), images);
    this.planes = Planes.whole(source, all, (int) all.height(), images);

    int lanes = MicroKernels.lanes(sums, vector);
    long vectors = Math.max(1, Tiling.ceil(filters, lanes));
    this.panel = Tiling.evenVectors(vectors, MicroKernels.accumulators(vector)) * lanes;
    this.panels = (int) Math.max(1, Tiling.ceil(filters, panel));
    long chunks = source.groups() * imageChunks;
    int pieces = 1;
    while (pieces < panels && chunks * pieces < ENOUGH_TASKS) {
      pieces++;
    }
    this.panelsAtOnce = (int) Tiling.ceil(panels, pieces);
    this.split = (int) Tiling.ceil(panels, panelsAtOnce);
    this.tasks = filters == 0 || pixels == 0 || source.batch() == 0 ? 0 : chunks * split;

    long at = 0;
    for (Correlation.Part part : source.parts()) {
      Phase phase = phase(part, at);
      phases.add(phase);
      at += (long) panels * panel * phase.k() * bytes;
    }
    this.packedBytes = (at + 127) / 128 * 128;
    Dims s = source.filters().strides();
    this.filterRow = s.get(source.transposed() ? 1 : 0);
    this.filterGroup = s.get(0) * (source.transposed() ? source.channels() : source.rows());
    this.productBytes = phases.stream().mapToLong(p -> (long) p.tiling.panels * p.tiling.rows).max().orElse(0)
        * panel * bytes;
    this.lineBytes = (long) images * height * width * bytes;
  }

  /** All phases as one that reads what each of them reads. */
  private static Correlation.Part together(Correlation source) {
    List<Correlation.Tap> taps = new ArrayList<>();
    long height = 0;
    long width = 0;
    for (Correlation.Part p : source.parts()) {
      taps.addAll(p.taps());
      height = Math.max(height, p.height());
      width = Math.max(width, p.width());
    }
    return new Correlation.Part(0, 0, 1, 1, height, width, taps);
  }

  private Phase phase(Correlation.Part part, long packedAt) {
    int perImage = (int) (part.height() * part.width());
    int rows = images * perImage;
    long k = source.channels() * part.taps().size();
    Tiling tiling = new Tiling(sums, vector, rows, panel, k, Tiling.Left.TABLED, false);
    int[] table = new int[rows + (int) k];
    int[] targets = new int[rows];
    for (int i = 0; i < rows; i++) {
      int u = (int) (i % perImage / part.width());
      int v = (int) (i % perImage % part.width());
      table[i] = Math.toIntExact(i / perImage * planes.planeElements() + planes.resultOffset(u, v));
      targets[i] = (int) ((i / perImage * (long) height + part.offsetY() + u * part.stepY()) * width + part.offsetX()
          + v * part.stepX());
    }
    long[] filterElements = new long[(int) k];
    int at = 0;
    for (long c = 0; c < source.channels(); c++) {
      for (Correlation.Tap t : part.taps()) {
        table[rows + at] = Math.toIntExact(planes.tapOffset(c, t));
        filterElements[at++] = source.filterElement(0, 0, c, t);
      }
    }
    return new Phase(tiling, table, targets, filterElements, packedAt);
  }

  /**
   * Whether this is expected to be faster than {@link ConvolutionKernel}: there are filters for whole vectors, sums that
   * are long enough to pay for turning the results, a copy of a picture that fits into a cache, and short lines or
   * phases that the other form would have to gather.
   */
  static boolean pays(Convolution spec) {
    Correlation source = Correlation.of(spec);
    if (spec.operations() < ConvolutionKernel.PARALLEL_OPERATIONS || source.parts().isEmpty()) {
      return false;
    }
    Correlation.Part all = together(source);
    Planes image = Planes.whole(source, all, (int) all.height(), 1);
    boolean gathers = source.parts().size() > 1 || all.width() < LONG_LINE && !image.sourceWillDo(all);
    long k = source.channels() * all.taps().size() / source.parts().size();
    return gathers
        && source.rows() >= (long) LEAST_VECTORS * MicroKernels.lanes(Elements.sums(spec.first().dtype()), true)
        && k >= (source.parts().size() > 1 ? LEAST_K_OF_PHASES : LEAST_K)
        && image.elements() * Elements.sums(spec.first().dtype()).bytes() <= PLANE_BYTES;
  }

  /** A forward convolution or the gradient of its data. */
  static PixelRowsKernel of(Convolution spec, boolean vector) {
    PixelRowsKernel kernel = new PixelRowsKernel(spec, vector);
    if (kernel.work >= ConvolutionKernel.PARALLEL_OPERATIONS) {
      int last = kernel.filters - (kernel.panels - 1) * kernel.panel;
      for (Phase p : kernel.phases) {
        p.tiling.expect(kernel.panels == 1 ? last : kernel.panel + last);
      }
    }
    return kernel;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    if (!run.isPacked()) {
      long packs = tasks == 0 ? 0 : source.groups() * panels;
      for (int t = run.firstTask(worker); t < packs; t = run.nextTask()) {
        for (Phase p : phases) {
          pack(p, operands[1], t / panels, t % panels, run.sharedScratch());
        }
      }
      run.barrier();
    }
    for (int t = run.firstTask(worker); t < tasks; t = run.nextTask()) {
      int first = t % split * panelsAtOnce;
      long chunk = t / split;
      task(operands, chunk / imageChunks, chunk % imageChunks * images, first, run, worker);
    }
  }

  private int widthOf(int number) {
    int count = Math.min(panel, filters - number * panel);
    return (count + phases.getFirst().tiling.lanes - 1) / phases.getFirst().tiling.lanes
        * phases.getFirst().tiling.lanes;
  }

  private long packedAt(Phase p, long group, int number, long shared) {
    return shared + group * packedBytes + p.packedAt + (long) number * panel * p.k() * bytes;
  }

  /** Packs a panel of filters: [channel and tap, filter]. */
  private void pack(Phase p, long operand, long group, int number, long shared) {
    int count = Math.min(panel, filters - number * panel);
    int wide = widthOf(number);
    long to = packedAt(p, group, number, shared);
    long row = group * filterGroup + (long) number * panel * filterRow;
    for (int k = 0; k < p.k(); k += Tiling.K_BLOCK) {
      int n = Math.min(Tiling.K_BLOCK, p.k() - k);
      long target = to + (long) k * wide * bytes;
      if (p.contiguous) {
        long from = operand + (row + p.filterElements[k]) * stored.bytes();
        Packing.right(stored, vector, from, 1, filterRow, n, count, target, wide);
        continue;
      }
      for (int i = 0; i < n; i++) {
        long from = operand + (row + p.filterElements[k + i]) * stored.bytes();
        for (int f = 0; f < count; f++) {
          Elements.load(stored, from + f * filterRow * stored.bytes(), target + ((long) i * wide + f) * bytes);
        }
        for (int f = count * bytes; f < wide * bytes; f += 4) {
          Memory.putInt(target + (long) i * wide * bytes + f, 0);
        }
      }
    }
  }

  private void task(long[] operands, long group, long image, int firstPanel, Run run, int worker) {
    int count = (int) Math.min(images, source.batch() - image);
    Object copy = run.workerArray(worker, sums);
    planes.fill(operands[0], group * source.channels(), planes.channels, image, count, 0, copy);
    long products = run.workerScratch(worker);
    long lines = products + productBytes;
    int end = Math.min(panels, firstPanel + panelsAtOnce);
    for (int number = firstPanel; number < end; number++) {
      int some = Math.min(panel, filters - number * panel);
      for (Phase p : phases) {
        int pixels = p.targets.length / images * count;
        multiply(p, copy, pixels, packedAt(p, group, number, run.sharedScratch()), widthOf(number), products);
        turn(p.targets, pixels, products, widthOf(number), some, lines);
      }
      finish(operands, group, image, count, number * panel, some, lines, run, worker);
    }
  }

  private void multiply(Phase p, Object copy, int pixels, long packed, int wide, long products) {
    Tiling t = p.tiling;
    long row = (long) wide * bytes;
    int used = (int) Tiling.ceil(pixels, t.rows);
    for (int block = 0; block < t.kBlocks; block++) {
      int k = block * t.kBlock;
      for (int i = 0; i < used; i++) {
        t.kernel(i, wide / t.lanes, block > 0)
            .run(
                t.kOf(block),
                copy,
                0,
                p.table,
                i * t.rows,
                p.targets.length + k,
                packed + k * row,
                row,
                products + (long) i * t.rows * row,
                row);
      }
    }
  }

  /** Takes each pixel's products to its place in the lines of the filters. */
  private void turn(int[] targets, int pixels, long products, int wide, int count, long lines) {
    if (bytes == 8) {
      for (int i = 0; i < pixels; i++) {
        for (int f = 0; f < count; f++) {
          Memory.putLong(lines + f * lineBytes + 8L * targets[i], Memory.getLong(products + 8L * (i * wide + f)));
        }
      }
      return;
    }
    int f = 0;
    for (; f + 1 < count; f += 2) {
      long first = lines + f * lineBytes;
      long second = first + lineBytes;
      long from = products + 4L * f;
      for (int i = 0; i < pixels; i++) {
        long both = Memory.getLong(from);
        Memory.putInt(first + 4L * targets[i], (int) both);
        Memory.putInt(second + 4L * targets[i], (int) (both >>> 32));
        from += 4L * wide;
      }
    }
    if (f < count) {
      for (int i = 0; i < pixels; i++) {
        Memory.putInt(lines + f * lineBytes + 4L * targets[i], Memory.getInt(products + 4L * (i * wide + f)));
      }
    }
  }

  private void finish(
      long[] operands, long group, long image, int count, int firstFilter, int some, long lines, Run run, int worker) {
    long[] index = run.index(worker);
    int pixels = height * width;
    for (int f = 0; f < some; f++) {
      long line = lines + f * lineBytes;
      index[1] = source.resultChannel(group, firstFilter + f);
      if (accumulator == DType.U8) {
        ContractionKernel.narrow(line, count * pixels);
      }
      for (int i = 0; i < count; i++) {
        index[0] = image + i;
        long at = line + (long) i * pixels * accumulator.bytes();
        for (int y = 0; y < (epilogue.flat ? 1 : height); y++) {
          index[2] = y;
          index[3] = 0;
          epilogue.epilogue.apply(at + (long) y * width * accumulator.bytes(), index, epilogue.flat ? pixels : width,
              operands, 2, inputs, run.longs(worker));
        }
      }
    }
  }

  @Override
  public int workers(int most) {
    return work < ConvolutionKernel.PARALLEL_OPERATIONS ? 1 : (int) Math.min(most, Math.max(1, tasks));
  }

  @Override
  public long sharedScratch() {
    return source.groups() * packedBytes;
  }

  @Override
  public long workerScratch() {
    return productBytes + panel * lineBytes;
  }

  @Override
  public int scratchLongs() {
    return epilogue.epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    return new HeapScratch(sums, 0, planes.arrayLength());
  }

  @Override
  public int packedOperand() {
    return 1;
  }

  @Override
  public String variant() {
    Tiling t = phases.getFirst().tiling;
    return "pixels as rows: " + t + ", " + phases.size() + (phases.size() == 1 ? " phase, " : " phases, ") + images
        + " images and " + panelsAtOnce + " of " + panels + " panels of " + panel + " filters a task, " + tasks
        + " tasks";
  }
}
