package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.View;

/**
 * Matrix products on register tiles.
 *
 * <p>Work: {@code 2 m n k} operations per product. The floor is the machine's multiply-add rate, or, where {@code m} is
 * small, the time to read b once: each element of b is read from memory once for every {@link #ROW_TILE} rows, each of a
 * once for every column tile.
 *
 * <p>The left factor is packed to heap arrays in blocks of {@link Tiling#K_BLOCK} k: once by all workers if many column
 * tiles use it, else by each task for itself, which leaves it in the task's cache. A task takes a tile of columns; for each
 * block of k it packs their panels of b (or reads b in place if that is as good, an incomplete last vector together with
 * what lies behind it; or finds it packed by a run before, if there are few rows and b stays) and runs all row panels over
 * one after the other. The sum over k is always made in the same order, so that the tiling, and the number of workers, never
 * show in the result. Products whose epilogue is a plain store are made in place; others in a tile that stays in cache until
 * the epilogue has run over it.
 */
final class ContractionKernel implements Kernel {
  /** Most rows of one task. */
  static final long ROW_TILE = 1024;

  /** Most panels of columns of one task. */
  private static final int COLUMN_PANELS = 4;

  private static final long ENOUGH_TASKS = 12;
  private static final long LEAST_ROWS = 64;
  private static final long PARALLEL_OPERATIONS = 300_000;
  private static final long TASK_OPERATIONS = 100_000;
  /** A right factor up to this size is read in place, if its columns are contiguous. */
  private static final long IN_PLACE_BYTES = 256 << 10;

  /** So many panels of rows do not pay for a copy of the right factor. */
  private static final int FEW_PANELS = 2;

  /** With more rows than that, what packing the right factor takes is a small part of the whole. */
  private static final long FEW_ROWS = 256;

  /** So many column tiles had better pack rows of the left factor each for itself, in its own cache. */
  private static final int MOST_OWN_COPIES = 3;

  private static final long SHARED_ELEMENTS = 1 << 26;

  private final ProductShape shape;
  private final DType stored;
  private final DType accumulator;
  private final DType sums;
  private final int bytes;
  private final Tiling tiling;
  private final boolean rightInPlace;
  /** Whether the packed right factor serves later runs, as long as it stays. */
  private final boolean keepsRight;
  private final boolean sharedLeft;
  private final long leftFactors;
  private final int rowPanels;
  private final int columnPanels;
  private final long rowTiles;
  private final long columnTiles;
  private final long productsPerTask;
  private final long tasks;
  private final int inputs;
  private final long work;
  private final long tilePitch;
  /** Null where products are stored as they are. */
  private final @Nullable RowEpilogue epilogue;

  // The output's view, used where the products are stored as they are.
  private final long storeOffset;
  private final long[] storeBatch;
  private final long storeRow;

  private ContractionKernel(Contraction spec, boolean vector) {
    this.shape = new ProductShape(spec);
    this.stored = spec.a().dtype();
    this.accumulator = spec.accumulator();
    this.sums = Elements.sums(stored);
    this.bytes = sums.bytes();
    this.inputs = spec.inputs().size();
    this.tiling = new Tiling(
        sums,
        vector,
        shape.m,
        shape.n,
        shape.k,
        shape.aRow == 1 && shape.aStep != 1 ? Tiling.Left.SIDE_BY_SIDE : Tiling.Left.ROWS,
        false);
    this.work = shape.products * 2 * shape.m * shape.n * Math.max(1, shape.k);
    this.rightInPlace = stored == sums && shape.bColumn == 1 && readsInPlace();

    int rows = (int) Math.min(tiling.panels, Math.max(1, ROW_TILE / tiling.rows));
    int columns = COLUMN_PANELS;
    if (work >= PARALLEL_OPERATIONS) {
      while (tasks(rows, columns) < ENOUGH_TASKS) {
        boolean manyRows = rows * tiling.rows >= 2 * LEAST_ROWS;
        if (manyRows && (columns == 1 || rows * tiling.rows > columns * tiling.columns())) {
          rows = (rows + 1) / 2;
        } else if (columns > 1) {
          columns /= 2;
        } else {
          break;
        }
      }
    }
    this.rowPanels = rows;
    this.columnPanels = (int) Math.min(columns, Math.max(1, Tiling.ceil(shape.n, tiling.columns())));
    this.rowTiles = Tiling.ceil(tiling.panels, rowPanels);
    this.columnTiles = Tiling.ceil(Math.max(1, shape.n), (long) columnPanels * tiling.columns());
    this.productsPerTask = Math.max(1, Math.min(shape.products, TASK_OPERATIONS * shape.products / Math.max(1, work)));
    this.tasks = shape.m == 0 || shape.n == 0 || shape.products == 0
        ? 0
        : Tiling.ceil(shape.products, productsPerTask) * rowTiles * columnTiles;
    this.tilePitch = (long) columnPanels * tiling.columns() * bytes;

    this.keepsRight = !rightInPlace && work >= PARALLEL_OPERATIONS && shape.products == 1 && rowTiles == 1
        && shape.m <= FEW_ROWS;
    this.leftFactors = shape.oneLeft() ? Math.min(1, shape.products) : shape.products;
    long users = columnTiles * (shape.products / Math.max(1, leftFactors));
    this.sharedLeft = users > (tiling.isSideBySide() ? 1 : MOST_OWN_COPIES)
        && leftFactors * leftElements() <= SHARED_ELEMENTS;

    View output = spec.epilogue().outputs().isEmpty() ? null : spec.epilogue().outputs().getFirst();
    if (spec.epilogue().isStore() && output != null && storesInPlace(output)) {
      int rank = output.strides().rank();
      this.epilogue = null;
      this.storeOffset = output.offset();
      this.storeBatch = output.strides().slice(0, shape.batchRank()).toArray();
      this.storeRow = rowStride(output);
    } else {
      Dims space = spec.space();
      if (space.rank() > Run.MAX_RANK) {
        throw new IllegalArgumentException("a Contraction of " + space.rank() + " dimensions; at most " + Run.MAX_RANK);
      }
      this.epilogue = RowEpilogue.of(spec.epilogue(), space, accumulator);
      this.storeOffset = 0;
      this.storeBatch = new long[0];
      this.storeRow = 0;
    }
  }

  private void expect() {
    if (work >= PARALLEL_OPERATIONS) {
      tiling.expect(shape.n);
    }
  }

  static ContractionKernel of(Contraction spec) {
    return of(spec, Simd.PRESENT);
  }

  /** @param vector whether the Vector API is used */
  static ContractionKernel of(Contraction spec, boolean vector) {
    ContractionKernel kernel = new ContractionKernel(spec, vector);
    kernel.expect();
    return kernel;
  }

  private long tasks(int rows, int columns) {
    return shape.products * Tiling.ceil(tiling.panels, rows)
        * Tiling.ceil(shape.n, (long) columns * tiling.columns());
  }

  private boolean readsInPlace() {
    // Rows that lie a multiple of half a page apart fall into few sets of the first-level cache.
    boolean spread = shape.bStep * bytes % 2048 != 0 && shape.k * shape.bStep * bytes <= IN_PLACE_BYTES;
    return tiling.panels <= FEW_PANELS || spread;
  }

  private boolean storesInPlace(View output) {
    return output.dtype() == sums
        && (shape.n == 1 || output.strides().last(0) == 1)
        && (shape.rowSizes.length == 1 || rowStride(output) >= 0);
  }

  /** The stride of the folded rows in an output, -1 if they have no common one. */
  private long rowStride(View output) {
    Dims strides = output.strides();
    int rank = strides.rank();
    long[] sizes = shape.rowSizes;
    long stride = strides.get(rank - 2);
    long rows = sizes[sizes.length - 1];
    for (int d = sizes.length - 2; d >= 0; d--) {
      long here = strides.get(shape.batchRank() + d);
      if (sizes[d] != 1) {
        if (rows != 1 && here != stride * rows) {
          return -1;
        }
        stride = rows == 1 ? here : stride;
      }
      rows *= sizes[d];
    }
    return stride;
  }

  private long leftElements() {
    return (long) tiling.kBlocks * tiling.panelElements(tiling.panels);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    if (sharedLeft) {
      packShared(operands, run, worker);
      run.barrier();
    }
    for (int t = run.firstTask(worker); t < tasks; t = run.nextTask()) {
      long column = t % columnTiles;
      long rest = t / columnTiles;
      long row = rest % rowTiles;
      long first = rest / rowTiles * productsPerTask;
      long end = Math.min(shape.products, first + productsPerTask);
      for (long product = first; product < end; product++) {
        tile(operands, run, worker, product, (int) row * rowPanels, column * columnPanels * tiling.columns());
      }
    }
  }

  private void packShared(long[] operands, Run run, int worker) {
    Object array = run.sharedArray(sums);
    int groups = Math.ceilDiv(tiling.panels, tiling.group);
    long count = leftFactors * groups;
    for (int t = run.firstTask(worker); t < count; t = run.nextTask()) {
      long product = t / groups;
      int panel = t % groups * tiling.group;
      for (int block = 0; block < tiling.kBlocks; block++) {
        packLeft(operands, product, panel, block, array, sharedAt(product, block, panel));
      }
    }
  }

  private int sharedAt(long product, int block, int panel) {
    long factor = leftFactors == 1 ? 0 : product;
    return (int) (factor * tiling.kBlocks + block) * tiling.panelElements(tiling.panels) + tiling.panelAt(panel);
  }

  /** Packs the panels of the group that begins at {@code panel}. */
  private void packLeft(long[] operands, long product, int panel, int block, Object array, int at) {
    long element = shape.left(product) + (long) panel * tiling.rows * shape.aRow
        + (long) block * tiling.kBlock * shape.aStep;
    int rows = (int) Math.min((long) tiling.group * tiling.rows, shape.m - (long) panel * tiling.rows);
    long from = operands[0] + element * stored.bytes();
    if (tiling.isSideBySide()) {
      Packing.leftSideBySide(stored, from, shape.aRow, shape.aStep, rows, tiling.kOf(block), array, at, tiling.kStep());
    } else {
      Packing.left(stored, from, shape.aRow, shape.aStep, rows, tiling.kOf(block), array, at, tiling.pitch);
    }
  }

  /** One tile of one product: {@link #rowPanels} panels from {@code panel} on, columns from {@code column} on. */
  private void tile(long[] operands, Run run, int worker, long product, int panel, long column) {
    int endPanel = Math.min(tiling.panels, panel + rowPanels);
    int columns = (int) Math.min(shape.n - column, (long) columnPanels * tiling.columns());
    Object left = sharedLeft ? run.sharedArray(sums) : run.workerArray(worker, sums);
    boolean keeps = keepsRight && run.keeps();
    long packed = run.workerScratch(worker);
    long tile = packed + rightBytes();
    long right = operands[1] + (shape.right(product) + column * shape.bColumn) * stored.bytes();
    long[] index = run.index(worker);
    shape.batchIndex(product, index);
    long out = epilogue == null ? storeAddress(operands, index, panel, column) : 0;
    for (int block = 0; block < tiling.kBlocks; block++) {
      int k = tiling.kOf(block);
      if (!sharedLeft) {
        for (int p = panel; p < endPanel; p += tiling.group) {
          packLeft(operands, product, p, block, left, tiling.panelAt(p - panel));
        }
      }
      long rightBlock = right + block * (long) tiling.kBlock * shape.bStep * stored.bytes();
      long panels = keeps ? run.sharedScratch() + keptAt(block, column) : packed;
      if (!rightInPlace && !(keeps && run.isPacked())) {
        Packing.rightPanels(
            stored, tiling.vector, rightBlock, shape.bStep, shape.bColumn, k, columns, panels, tiling.columns(),
            tiling.lanes);
      }
      for (int j = 0; j < columns;) {
        int wide = Math.min(tiling.columns(), columns - j);
        int vectors = (wide + tiling.lanes - 1) / tiling.lanes;
        int width = vectors * tiling.lanes;
        long b = rightBlock + j * shape.bColumn * stored.bytes();
        long bStep = shape.bStep * bytes;
        if (!rightInPlace) {
          b = panels + (long) j * k * bytes;
          bStep = (long) width * bytes;
        }
        boolean inPlace = epilogue == null && wide == width;
        long c = (inPlace ? out : tile) + (long) j * bytes;
        long cRow = inPlace ? storeRow * bytes : tilePitch;
        for (int p = panel; p < endPanel; p++) {
          tiling.kernel(p, vectors, block > 0)
              .run(
                  k,
                  left,
                  sharedLeft ? sharedAt(product, block, p) : tiling.panelAt(p - panel),
                  MicroKernel.NO_TABLE,
                  0,
                  0,
                  b,
                  bStep,
                  c + (long) (p - panel) * tiling.rows * cRow,
                  cRow);
        }
        j += wide;
      }
    }
    long firstRow = (long) panel * tiling.rows;
    long rows = Math.min(shape.m, (long) endPanel * tiling.rows) - firstRow;
    if (epilogue == null) {
      storeEdge(tile, out, rows, columns);
    } else {
      finish(epilogue, operands, run, worker, tile, firstRow, rows, column, columns);
    }
  }

  /** Where the kept panel of {@code block} of k that begins at {@code column} lies: one column tile after the other. */
  private long keptAt(int block, long column) {
    return ((long) block * tiling.kBlock * Tiling.ceil(shape.n, tiling.columns()) * tiling.columns()
        + column * tiling.kOf(block)) * bytes;
  }

  private long storeAddress(long[] operands, long[] index, int panel, long column) {
    long element = storeOffset + (long) panel * tiling.rows * storeRow + column;
    for (int d = 0; d < storeBatch.length; d++) {
      element += index[d] * storeBatch[d];
    }
    return operands[inputs] + element * bytes;
  }

  /** Copies the columns of the last, narrower register tile if its vectors are not all whole: it was made in the tile. */
  private void storeEdge(long tile, long out, long rows, int columns) {
    int first = columns / tiling.columns() * tiling.columns();
    int wide = columns - first;
    if (wide % tiling.lanes == 0) {
      return;
    }
    long at = (long) first * bytes;
    Packing.rows(
        tiling.vector, tile + at, tilePitch, (int) rows, wide * bytes / Float.BYTES, out + at, storeRow * bytes);
  }

  private void finish(
      RowEpilogue e, long[] operands, Run run, int worker, long tile, long firstRow, long rows, long column,
      int columns) {
    long[] index = run.index(worker);
    long[] scratch = run.longs(worker);
    index[shape.batchRank() + shape.rowSizes.length] = column;
    for (long i = 0; i < rows; i++) {
      shape.rowIndex(firstRow + i, index);
      long row = tile + i * tilePitch;
      if (accumulator == DType.U8) {
        narrow(row, columns);
      }
      e.apply(row, index, columns, operands, 2, inputs, scratch);
    }
  }

  /** Turns ints into bytes, in place. */
  static void narrow(long address, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putByte(address + i, (byte) Memory.getInt(address + 4L * i));
    }
  }

  private long rightBytes() {
    return rightInPlace ? 0 : ((long) columnPanels * tiling.kBlock * tiling.columns() * bytes + 127) / 128 * 128;
  }

  @Override
  public int workers(int most) {
    return work < PARALLEL_OPERATIONS ? 1 : (int) Math.min(most, tasks);
  }

  @Override
  public long workerScratch() {
    return rightBytes() + (long) rowPanels * tiling.rows * tilePitch;
  }

  @Override
  public int scratchLongs() {
    return epilogue == null ? 0 : epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    return sharedLeft
        ? new HeapScratch(sums, (int) (leftFactors * leftElements()), 0)
        : new HeapScratch(sums, 0, tiling.panelElements(rowPanels));
  }

  @Override
  public int packedOperand() {
    return keepsRight ? 1 : -1;
  }

  @Override
  public long keptScratch() {
    return shape.k * Tiling.ceil(shape.n, tiling.columns()) * tiling.columns() * bytes;
  }

  @Override
  public boolean keepsArray() {
    return false;
  }

  @Override
  public String variant() {
    return tiling + ", b " + (rightInPlace ? "in place" : keepsRight ? "packed, kept where it stays" : "packed")
        + ", a packed " + (sharedLeft ? "once" : "by task")
        + ", " + tasks + " tasks" + (epilogue == null ? ", stored directly" : "");
  }
}
