package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.View;

/**
 * How one phase of a convolution's result is made: as the product of the filters with the columns that the taps read, cut
 * into tasks of some rows of the result and some of its channels.
 */
final class ConvolutionPart {
  /** What the copy of the source that a task reads may take of the second-level cache, in bytes. */
  private static final long PLANE_BYTES = 384 << 10;

  /** The same for the tile of accumulators. */
  private static final long TILE_BYTES = 192 << 10;

  private static final int MOST_PANELS = 4;
  private static final long ENOUGH_TASKS = 12;
  private static final long LEAST_ROWS = 4;
  private static final long COLUMNS = 192;
  /** What making line after line may cost, against making all in one span. */
  private static final double MOST_MORE = 1.25;

  final Correlation.Part part;
  final Correlation source;
  final Tiling tiling;
  final PartEpilogue epilogue;
  final Planes planes;
  /** Whether the source is read where it lies. */
  final boolean inPlace;
  /** Whether columns are gathered into packed panels; else each tap reads a panel's columns where they lie. */
  final boolean packed;
  /** Result rows of a task. */
  final int band;
  /** Images of a task. */
  final int images;
  final int rowPanels;
  final int columnPanels;
  final long tasks;
  private final long bands;
  private final long imageChunks;
  private final long rowTiles;
  /** Columns from one result row to the next. */
  final int lineStep;

  private final long imageStep;
  private final OffsetTable offsets;
  private final OffsetTable[] packedOffsets;
  /** The element of the filters' operand that k joins to row 0 of group 0. */
  private final long[] filterElements;

  private final boolean filtersContiguous;
  private final long filterGroup;
  private final long filterRow;
  private final DType stored;
  private final int bytes;
  private final ConvolutionColumns columns;
  /** Null where the products go through a tile and an epilogue. */
  final @Nullable StoredLines storedLines;
  /** Lines whose products are made before the epilogue runs over all of them; 0 where they are made in one span. */
  final int linesAtOnce;

  ConvolutionPart(
      Convolution spec, Correlation source, Correlation.Part part, boolean vector, boolean parallel) {
    this.part = part;
    this.source = source;
    this.stored = spec.first().dtype();
    DType sums = Elements.sums(stored);
    this.bytes = sums.bytes();
    long k = source.channels() * part.taps().size();
    long pixels = part.height() * part.width();
    this.tiling = new Tiling(sums, vector, source.rows(), pixels * source.batch(), k, Tiling.Left.ROWS, true);
    this.epilogue = PartEpilogue.of(spec.epilogue(), spec.space(), part, spec.accumulator());
    Planes whole = Planes.split(source, part, (int) part.height(), 1);
    this.inPlace = whole.sourceWillDo(part);
    View view = source.source();
    int line = inPlace ? (int) (long) view.strides().get(2) : whole.width;
    this.packed = packingPays(line);

    long height = Math.max(1, part.height());
    long rowBytes = Math.max(1, whole.elements() / Math.max(1, whole.height) * bytes);
    long halo = whole.height - part.height();
    long rows = inPlace ? height : Math.clamp(PLANE_BYTES / rowBytes - halo, LEAST_ROWS, Math.max(LEAST_ROWS, height));
    rows = Math.min(rows, height);
    long others = source.groups() * source.parts().size();
    long chunk = packed && rows == height
        ? Math.clamp(COLUMNS / Math.max(1, pixels), 1, Math.max(1, source.batch()))
        : 1;
    while (parallel && chunk > 1 && others * Tiling.ceil(source.batch(), chunk) < ENOUGH_TASKS) {
      chunk /= 2;
    }
    while (parallel
        && rows >= 2 * LEAST_ROWS
        && others * Tiling.ceil(source.batch(), chunk) * Tiling.ceil(height, rows) < ENOUGH_TASKS) {
      rows = (rows + 1) / 2;
    }
    this.band = (int) rows;
    this.images = (int) chunk;
    this.bands = Tiling.ceil(height, rows);
    this.imageChunks = Tiling.ceil(source.batch(), chunk);
    long tiles = 1;
    while (parallel
        && tiles * 4 <= tiling.panels
        && others * imageChunks * bands * tiles < ENOUGH_TASKS) {
      tiles *= 2;
    }
    this.rowPanels = (int) Tiling.ceil(tiling.panels, tiles);
    this.rowTiles = Tiling.ceil(tiling.panels, rowPanels);
    long panelBytes = (long) rowPanels * tiling.rows * tiling.columns() * bytes;
    this.columnPanels = (int) Math.clamp(TILE_BYTES / panelBytes, 1, MOST_PANELS);
    this.tasks = source.rows() == 0 || pixels == 0 || source.batch() == 0
        ? 0
        : source.groups() * imageChunks * bands * rowTiles;

    this.planes = Planes.split(source, part, band, images);
    this.lineStep = inPlace ? line : planes.width;
    this.storedLines = packed ? null : StoredLines.of(spec, part, lineStep, tiling.lanes);
    this.linesAtOnce = packed || storedLines != null ? 0 : linesAtOnce();
    this.imageStep = inPlace ? view.strides().get(0) : planes.planeElements();
    this.offsets = new OffsetTable(tapOffsets(k));
    this.packedOffsets = new OffsetTable[packed ? tiling.vectors : 0];
    for (int v = 0; v < packedOffsets.length; v++) {
      long[] table = new long[tiling.kBlock];
      for (int i = 0; i < table.length; i++) {
        table[i] = (long) i * (v + 1) * tiling.lanes * bytes;
      }
      packedOffsets[v] = new OffsetTable(table);
    }

    this.filterElements = new long[(int) k];
    boolean contiguous = true;
    int at = 0;
    for (long c = 0; c < source.channels(); c++) {
      for (Correlation.Tap t : part.taps()) {
        filterElements[at] = source.filterElement(0, 0, c, t);
        contiguous &= filterElements[at] == filterElements[0] + at;
        at++;
      }
    }
    this.filtersContiguous = contiguous;
    Dims s = source.filters().strides();
    this.filterRow = s.get(source.transposed() ? 1 : 0);
    this.columns = new ConvolutionColumns(this, spec.accumulator());
    this.filterGroup = s.get(0) * (source.transposed() ? source.channels() : source.rows());
  }

  /**
   * As many lines as the tile has room for, if lines filled up to whole vectors are hardly more work than the span with
   * what is between the lines, which would have to be taken out before the epilogue.
   */
  private int linesAtOnce() {
    int width = (int) part.width();
    long line = Tiling.ceil(width, tiling.lanes) * tiling.lanes;
    long room = (long) columnPanels * tiling.columns();
    if (!epilogue.flat || width == 0 || line > room || band * line > MOST_MORE * ((band - 1.0) * lineStep + width)) {
      return 0;
    }
    return (int) ((room - line) / width) + 1;
  }

  /** Says that this will run soon and often. */
  void expect() {
    long span = (band - 1L) * lineStep + part.width();
    tiling.expect(packed ? images * band * part.width() : linesAtOnce > 0 ? part.width() : span);
  }

  /** Bytes from a column to the element that each k reads for it. */
  private long[] tapOffsets(long k) {
    long[] table = new long[(int) k];
    Dims s = source.source().strides();
    int at = 0;
    for (long c = 0; c < source.channels(); c++) {
      for (Correlation.Tap t : part.taps()) {
        long element = inPlace ? c * s.get(1) + t.y() * s.get(2) + t.x() : planes.tapOffset(c, t);
        table[at++] = element * bytes;
      }
    }
    return table;
  }

  /**
   * Whether gathering the columns costs less than the multiplications with what lies between the rows: about a cycle for
   * each gathered element, which takes part in as many multiply-adds as there are rows of the product.
   */
  private boolean packingPays(int line) {
    double used = (double) part.height() * part.width();
    double span = Tiling.ceil((part.height() - 1) * line + part.width(), tiling.lanes) * (double) tiling.lanes;
    double rows = (double) tiling.panels * tiling.rows;
    return used > 0 && span / used > 1 + tiling.lanes / rows;
  }

  /** Elements of all packed filters. */
  long filterElements() {
    return source.groups() * tiling.kBlocks * tiling.panelElements(tiling.panels);
  }

  long packTasks() {
    return tasks == 0 ? 0 : source.groups() * tiling.panels;
  }

  int filtersAt(long group, int block, int panel) {
    return (int) (group * tiling.kBlocks + block) * tiling.panelElements(tiling.panels) + tiling.panelAt(panel);
  }

  /** Packs the filters of one panel. */
  void packFilters(long filters, long task, Object array, int base) {
    long group = task / tiling.panels;
    int panel = (int) (task % tiling.panels);
    int rows = tiling.rowsOf(panel);
    for (int block = 0; block < tiling.kBlocks; block++) {
      int k = tiling.kOf(block);
      int at = base + filtersAt(group, block, panel);
      int firstK = block * tiling.kBlock;
      for (int r = 0; r < rows; r++) {
        long row = group * filterGroup + ((long) panel * tiling.rows + r) * filterRow;
        if (k > 0 && filtersContiguous) {
          long from = filters + (row + filterElements[firstK]) * stored.bytes();
          Packing.left(stored, from, 0, 1, 1, k, array, at + r * tiling.pitch, tiling.pitch);
        } else {
          gatherFilters(filters + row * stored.bytes(), firstK, k, array, at + r * tiling.pitch);
        }
      }
    }
  }

  private void gatherFilters(long from, int firstK, int k, Object array, int at) {
    if (stored == DType.F32 && array instanceof float[] f) {
      for (int i = 0; i < k; i++) {
        f[at + i] = Memory.getFloat(from + 4 * filterElements[firstK + i]);
      }
      return;
    }
    for (int i = 0; i < k; i++) {
      Elements.load(stored, from + filterElements[firstK + i] * stored.bytes(), array, at + i);
    }
  }

  /** Bytes of a task's copy of the source, with room for a tile that reads on behind its end. */
  long planeBytes() {
    return inPlace ? 0 : (planes.elements() + 2L * tiling.columns()) * bytes / 128 * 128 + 128;
  }

  /** Bytes of one packed panel, 0 where columns are read as they lie. */
  long panelBytes() {
    return !packed ? 0 : ((long) tiling.kBlock * tiling.columns() * bytes + 127) / 128 * 128;
  }

  /** The address of a worker's accumulators. */
  long tileAt(Run run, int worker) {
    return run.workerScratch(worker) + planeBytes() + panelBytes();
  }

  /** Bytes from one row of the accumulators to the next. */
  long tilePitch() {
    return (long) columnPanels * tiling.columns() * bytes;
  }

  long scratchBytes() {
    return planeBytes() + panelBytes() + (long) rowPanels * tiling.rows * tilePitch();
  }

  /**
   * Makes one task's part of the result.
   *
   * @param base where this part's filters begin in {@code filters}
   */
  void run(long task, long[] operands, int inputs, Object filters, int base, Run run, int worker) {
    int rowTile = (int) (task % rowTiles);
    task /= rowTiles;
    long row = task % bands * band;
    task /= bands;
    long image = task % imageChunks * images;
    long group = task / imageChunks;
    int count = (int) Math.min(images, source.batch() - image);
    int rows = (int) Math.min(band, part.height() - row);
    long copy = run.workerScratch(worker);
    long first = copy;
    if (inPlace) {
      Dims s = source.source().strides();
      first = operands[0]
          + (source.source().offset() + image * s.get(0) + group * source.channels() * s.get(1) + row * s.get(2))
              * bytes;
    } else {
      planes.fill(operands[0], group * source.channels(), planes.channels, image, count, row, copy);
    }
    long[] state = run.index(worker);
    state[ConvolutionColumns.GROUP] = group;
    state[ConvolutionColumns.IMAGE] = image;
    state[ConvolutionColumns.ROW] = row;
    state[ConvolutionColumns.ROWS] = rows;
    state[ConvolutionColumns.PANEL] = (long) rowTile * rowPanels;
    state[ConvolutionColumns.FIRST] = first;
    if (packed) {
      columns.gathered(operands, inputs, filters, base, run, worker, count);
    } else if (storedLines != null) {
      columns.stored(operands, inputs, filters, base, run, worker, count);
    } else if (linesAtOnce > 0) {
      columns.lines(operands, inputs, filters, base, run, worker, count);
    } else {
      columns.spanned(operands, inputs, filters, base, run, worker, count);
    }
  }

  long imageBytes() {
    return imageStep * bytes;
  }

  long table(int block) {
    return offsets.at((long) block * tiling.kBlock);
  }

  long packedTable(int vectors) {
    return packedOffsets[vectors - 1].address();
  }

  int elementBytes() {
    return bytes;
  }

  @Override
  public String toString() {
    return part.height() + "x" + part.width() + " with " + part.taps().size() + " taps: " + tiling + ", columns "
        + (packed ? "gathered from " : "in ") + (inPlace ? "the source" : "a padded copy") + ", " + tasks + " tasks of "
        + band + " rows, " + images + " images"
        + (storedLines != null ? ", stored directly" : linesAtOnce > 0 ? ", line by line" : "");
  }
}
