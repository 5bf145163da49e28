package org.lathe.backends.cpu;

import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * The forward pass of {@link Recurrence}. In shared scratch, for each block of units, a panel {@code [hidden][gates][units
 * of a block]} of the recurrent weights: a register tile holds all gates of its units.
 */
final class RecurrenceForward extends RecurrenceKernel {
  /** Columns of products that are computed before their pointwise part follows: they stay in the second cache. */
  private static final int COLUMNS_AT_ONCE = 1024;

  private static final int PLANES = 18;

  private final PanelProducts products;
  private final int blockUnits;
  private final int blocksAtOnce;
  private final long panelBytes;
  private final long sharedBytes;
  private final long product;
  private final long productRow;
  /** Where the last vector of units is not full, planes for what its pointwise part reads and writes. */
  private final long planes;
  private final long workerBytes;
  private final int inBias;
  private final int outStates;

  RecurrenceForward(Recurrence spec) {
    super(spec);
    boolean plain = cell == Cell.PLAIN;
    this.products = new PanelProducts(type, plain ? evenVectors() : gates, hidden, false);
    this.blockUnits = products.columns() / gates;
    this.blocksAtOnce = Math.clamp(COLUMNS_AT_ONCE / products.columns(), 1, Math.max(1, blocks()));
    this.panelBytes = hidden * products.panelRow();
    ScratchLayout shared = new ScratchLayout(tiles.bytes());
    shared.take((long) blocks() * hidden * products.columns());
    this.sharedBytes = shared.bytes();
    ScratchLayout own = new ScratchLayout(tiles.bytes());
    this.productRow = blocksAtOnce * products.panelRow();
    this.product = own.take((long) Math.min(batch, MOST_ROWS) * blocksAtOnce * products.columns());
    this.planes = own.take(hidden % lanes == 0 ? 0 : (long) PLANES * Math.min(batch, MOST_ROWS) * lanes);
    this.workerBytes = own.bytes();
    this.inBias = 3;
    this.outStates = plain ? 3 : 4;
  }

  @Override
  int blockUnits() {
    return blockUnits;
  }

  @Override
  public long sharedScratch() {
    return sharedBytes;
  }

  @Override
  public long workerScratch() {
    return workerBytes;
  }

  @Override
  public HeapScratch heapScratch() {
    return new HeapScratch(type, 0, Math.multiplyExact(Math.min(batch, MOST_ROWS), hidden));
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    pack(operands[1], run.sharedScratch(), worker, workers);
    run.barrier();
    boolean meets = !splitsRows(workers);
    int rowEnd = endRow(worker, workers);
    int block0 = firstBlock(worker, workers);
    int blockEnd = endBlock(worker, workers);
    for (int s = 0; s < steps; s++) {
      for (int row = firstRow(worker, workers); row < rowEnd; row += MOST_ROWS) {
        int rows = Math.min(MOST_ROWS, rowEnd - row);
        Object states = run.workerArray(worker, type);
        HeapScratch.copy(type, before(operands[outStates], operands[2], s, row), states, rows * hidden);
        for (int block = block0; block < blockEnd; block += blocksAtOnce) {
          step(operands, run, worker, states, s, row, rows, block, Math.min(blockEnd, block + blocksAtOnce));
        }
      }
      if (meets) {
        run.barrier();
      }
    }
  }

  private void pack(long weights, long panels, int worker, int workers) {
    for (int block = worker; block < blocks(); block += workers) {
      int units = units(block, block + 1);
      long panel = panels + block * panelBytes;
      if (units < blockUnits) {
        tiles.fill(panel, 0, hidden * products.columns());
      }
      for (int g = 0; g < gates; g++) {
        tiles.copyRows(
            weights + g * stateRow + block * blockUnits * element, gateRow, panel + g * vector, products.panelRow(),
            hidden, units);
      }
    }
  }

  /** One step of some rows and blocks. */
  private void step(
      long[] operands, Run run, int worker, Object states, int s, int row, int rows, int block, int blockEnd) {
    long scratch = run.workerScratch(worker);
    for (int b = block; b < blockEnd; b++) {
      long target = scratch + product + (b - block) * products.panelRow();
      products.multiply(
          states, run.sharedScratch() + b * panelBytes, target, productRow, rows);
    }
    int unit = block * blockUnits;
    int units = units(block, blockEnd);
    int whole = units / lanes * lanes;
    for (int r = 0; r < rows && whole > 0; r++) {
      cells(operands, s, row + r, unit, whole, scratch + product + r * productRow);
    }
    if (whole < units) {
      lastCells(operands, scratch, s, row, rows, unit + whole, units - whole, product + whole * gates * element);
    }
  }

  /** The pointwise part of {@code n} units of a row, whole vectors of them. */
  private void cells(long[] operands, int s, int row, int unit, int n, long z) {
    long offset = unit * element;
    long at = at(s, row);
    long projected = operands[0] + at * gateRow + offset;
    long states = operands[outStates];
    long h = states + at * stateRow + offset;
    switch (cell) {
      case PLAIN -> math.plain(z, projected, h, n);
      case LSTM -> {
        long before = before(operands[5], operands[3], s, row) + offset;
        long c = operands[5] + at * stateRow + offset;
        math.lstm(z, projected, before, h, c, operands[6] + at * reserveRow + offset, stateRow, n);
      }
      case GRU -> {
        long before = before(states, operands[2], s, row) + offset;
        long reserve = operands[5] + at * reserveRow + offset;
        math.gru(z, projected, operands[inBias] + offset, before, h, reserve, stateRow, n);
      }
    }
  }

  /** The same for a last vector with {@code n} units: all rows at once, with one vector each in planes. */
  private void lastCells(
      long[] operands, long scratch, int s, int row, int rows, int unit, int n, long lastProduct) {
    long plane = rows * vector;
    int all = rows * lanes;
    long z = scratch + planes;
    long projected = z + gates * plane;
    long before = projected + gates * plane;
    long h = before + plane;
    long reserve = h + plane;
    long more = reserve + 4 * plane;
    long offset = unit * element;
    long at = at(s, row);
    long states = operands[outStates];
    tiles.copyRows(scratch + lastProduct, productRow, z, gates * vector, rows, gates * lanes);
    padGates(operands[0] + at * gateRow + offset, gateRow, projected, gates, rows, n);
    switch (cell) {
      case PLAIN -> math.plain(z, projected, h, all);
      case LSTM -> {
        pad(before(operands[5], operands[3], s, row) + offset, stateRow, before, rows, n);
        math.lstm(z, projected, before, h, more, reserve, plane, all);
        unpad(more, operands[5] + at * stateRow + offset, stateRow, rows, n);
        unpadGates(reserve, operands[6] + at * reserveRow + offset, reserveRow, 4, rows, n);
      }
      case GRU -> {
        padGates(operands[inBias] + offset, 0, more, 3, rows, n);
        pad(before(states, operands[2], s, row) + offset, stateRow, before, rows, n);
        math.gru(z, projected, more, before, h, reserve, plane, all);
        unpadGates(reserve, operands[5] + at * reserveRow + offset, reserveRow, 4, rows, n);
      }
    }
    unpad(h, states + at * stateRow + offset, stateRow, rows, n);
  }

  @Override
  public String variant() {
    return cell + " by blocks of " + blockUnits + " units, " + products;
  }
}
