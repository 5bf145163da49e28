package org.lathe.backends.cpu;

import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * The backward pass of {@link Recurrence}: at each step, in the opposite order, the gradients of the gates from those of
 * the state and the cell, then the gradient of the state before as the product with the transposed weights.
 *
 * <p>In shared scratch: for each block of units a panel {@code [gates * hidden][units of a block]} of the transposed
 * weights; the running gradients of state and cell, a row for each batch row, padded to whole blocks.
 */
final class RecurrenceBackward extends RecurrenceKernel {
  /** Rows of a panel that are packed together. */
  private static final int PACKED_ROWS = 64;

  private static final int PLANES = 14;

  private final PanelProducts products;
  private final long panelBytes;
  private final long runningRow;
  private final long stateGradient;
  private final long cellGradient;
  private final long sharedBytes;
  /** Where the last vector of units is not full, planes for what its pointwise part reads and writes. */
  private final long planes;
  private final long workerBytes;

  /** Positions of operands. */
  private final int inStates;
  private final int inCells;
  private final int inReserve;
  private final int inGradient;
  private final int outProjected;
  private final int outRecurrent;
  private final int outState;

  RecurrenceBackward(Recurrence spec) {
    super(spec);
    // A GRU's state reaches the next one beside the product, too.
    this.products = new PanelProducts(type, evenVectors(), Math.multiplyExact(gates, hidden), cell == Cell.GRU);
    this.panelBytes = gates * hidden * products.panelRow();
    this.runningRow = blocks() * products.panelRow();
    ScratchLayout shared = new ScratchLayout(tiles.bytes());
    shared.take((long) blocks() * gates * hidden * products.columns());
    this.stateGradient = shared.take((long) batch * blocks() * products.columns());
    this.cellGradient = shared.take(cell == Cell.LSTM ? (long) batch * blocks() * products.columns() : 0);
    this.sharedBytes = shared.bytes();
    ScratchLayout own = new ScratchLayout(tiles.bytes());
    this.planes = own.take(hidden % lanes == 0 ? 0 : (long) PLANES * Math.min(batch, MOST_ROWS) * lanes);
    this.workerBytes = own.bytes();
    this.inStates = 2;
    this.inCells = 4;
    this.inReserve = cell == Cell.LSTM ? 5 : 3;
    this.inGradient = cell == Cell.PLAIN ? 3 : inReserve + 1;
    this.outProjected = inGradient + (cell == Cell.LSTM ? 2 : 1);
    this.outRecurrent = cell == Cell.GRU ? outProjected + 1 : outProjected;
    this.outState = outRecurrent + 1;
  }

  @Override
  int blockUnits() {
    return products.columns();
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
    return new HeapScratch(
        type, 0, Math.multiplyExact(Math.min(batch, MOST_ROWS), Math.multiplyExact(gates, hidden)));
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long shared = run.sharedScratch();
    long scratch = run.workerScratch(worker);
    pack(operands[0], shared, worker, workers);
    int row0 = firstRow(worker, workers);
    int rowEnd = endRow(worker, workers);
    int block0 = firstBlock(worker, workers);
    int blockEnd = endBlock(worker, workers);
    int unit = block0 * blockUnits();
    int units = units(block0, blockEnd);
    begin(operands, shared, row0, rowEnd, block0, blockEnd);
    run.barrier();
    boolean meets = !splitsRows(workers);
    for (int s = steps - 1; s >= 0; s--) {
      for (int row = row0; row < rowEnd; row += MOST_ROWS) {
        gates(operands, shared, scratch + planes, s, row, Math.min(MOST_ROWS, rowEnd - row), unit, units);
      }
      if (meets) {
        run.barrier();
      }
      for (int row = row0; row < rowEnd; row += MOST_ROWS) {
        stateBefore(operands, run, worker, s, row, Math.min(MOST_ROWS, rowEnd - row), block0, blockEnd);
      }
    }
    for (int row = row0; row < rowEnd; row++) {
      long offset = row * stateRow + unit * element;
      tiles.copyRows(running(shared + stateGradient, row, unit), 0, operands[outState] + offset, 0, 1, units);
      if (cell == Cell.LSTM) {
        tiles.copyRows(running(shared + cellGradient, row, unit), 0, operands[outState + 1] + offset, 0, 1, units);
      }
    }
  }

  private long running(long gradients, int row, int unit) {
    return gradients + row * runningRow + unit * element;
  }

  private void pack(long weights, long panels, int worker, int workers) {
    int depth = gates * hidden;
    for (int block = worker; block < blocks(); block += workers) {
      for (int k = 0; k < depth; k += PACKED_ROWS) {
        Packing.right(
            type, Simd.PRESENT, weights + block * blockUnits() * gateRow + k * element, 1, depth,
            Math.min(PACKED_ROWS, depth - k), units(block, block + 1),
            panels + block * panelBytes + k * products.panelRow(), blockUnits());
      }
    }
  }

  /** The running gradients after the last step: zero, and what arrives at the last cell. */
  private void begin(long[] operands, long shared, int row0, int rowEnd, int block0, int blockEnd) {
    int unit = block0 * blockUnits();
    int columns = (blockEnd - block0) * blockUnits();
    for (int row = row0; row < rowEnd; row++) {
      tiles.fill(running(shared + stateGradient, row, unit), 0, columns);
      if (cell == Cell.LSTM) {
        long c = running(shared + cellGradient, row, unit);
        tiles.fill(c, 0, columns);
        long from = operands[inGradient + 1] + row * stateRow + unit * element;
        tiles.copyRows(from, 0, c, 0, 1, units(block0, blockEnd));
      }
    }
  }

  /** The gradients of the gates of some units of some rows at one step. */
  private void gates(long[] operands, long shared, long planes, int s, int row, int rows, int unit, int units) {
    int whole = units / lanes * lanes;
    for (int r = 0; r < rows && whole > 0; r++) {
      cells(operands, shared, s, row + r, unit, whole);
    }
    if (whole < units) {
      lastCells(operands, shared, planes, s, row, rows, unit + whole, units - whole);
    }
  }

  /** Of {@code n} units of a row, whole vectors of them. */
  private void cells(long[] operands, long shared, int s, int row, int unit, int n) {
    long offset = unit * element;
    long at = at(s, row);
    long states = operands[inStates];
    long reserve = operands[inReserve] + at * reserveRow + offset;
    long gradient = operands[inGradient] + at * stateRow + offset;
    long dh = running(shared + stateGradient, row, unit);
    long projected = operands[outProjected] + at * gateRow + offset;
    switch (cell) {
      case PLAIN -> math.plainBackward(states + at * stateRow + offset, gradient, dh, projected, n);
      case LSTM -> {
        long cells = operands[inCells];
        long before = before(cells, operands[3], s, row) + offset;
        long dc = running(shared + cellGradient, row, unit);
        math.lstmBackward(
            reserve, cells + at * stateRow + offset, before, gradient, dh, dc, projected, stateRow, n);
      }
      case GRU -> {
        long before = before(states, operands[1], s, row) + offset;
        long recurrent = operands[outRecurrent] + at * gateRow + offset;
        math.gruBackward(reserve, before, gradient, dh, projected, recurrent, stateRow, n);
      }
    }
  }

  /** Of a last vector with {@code n} units: all rows at once, with one vector each in planes. */
  private void lastCells(long[] operands, long shared, long planes, int s, int row, int rows, int unit, int n) {
    long plane = rows * vector;
    int all = rows * lanes;
    long offset = unit * element;
    long at = at(s, row);
    long states = operands[inStates];
    long gradient = planes;
    long before = planes + plane;
    long dh = planes + 2 * plane;
    long reserve = planes + 3 * plane;
    long projected = planes + 7 * plane;
    long more = planes + 11 * plane;
    long running = running(shared + stateGradient, row, unit);
    pad(operands[inGradient] + at * stateRow + offset, stateRow, gradient, rows, n);
    pad(running, runningRow, dh, rows, n);
    if (cell != Cell.PLAIN) {
      padGates(operands[inReserve] + at * reserveRow + offset, reserveRow, reserve, 4, rows, n);
    }
    switch (cell) {
      case PLAIN -> {
        pad(states + at * stateRow + offset, stateRow, before, rows, n);
        math.plainBackward(before, gradient, dh, projected, all);
      }
      case LSTM -> {
        long cells = operands[inCells];
        long runningCell = running(shared + cellGradient, row, unit);
        long c = more + plane;
        pad(before(cells, operands[3], s, row) + offset, stateRow, before, rows, n);
        pad(cells + at * stateRow + offset, stateRow, c, rows, n);
        pad(runningCell, runningRow, more, rows, n);
        math.lstmBackward(reserve, c, before, gradient, dh, more, projected, plane, all);
        unpad(more, runningCell, runningRow, rows, n);
      }
      case GRU -> {
        pad(before(states, operands[1], s, row) + offset, stateRow, before, rows, n);
        math.gruBackward(reserve, before, gradient, dh, projected, more, plane, all);
        unpad(dh, running, runningRow, rows, n);
        unpadGates(more, operands[outRecurrent] + at * gateRow + offset, gateRow, gates, rows, n);
      }
    }
    unpadGates(projected, operands[outProjected] + at * gateRow + offset, gateRow, gates, rows, n);
  }

  /** The gradient of some blocks of the state before step {@code s}. */
  private void stateBefore(
      long[] operands, Run run, int worker, int s, int row, int rows, int block0, int blockEnd) {
    Object gradients = run.workerArray(worker, type);
    long scratch = run.workerScratch(worker);
    HeapScratch.copy(type, operands[outRecurrent] + at(s, row) * gateRow, gradients, rows * gates * hidden);
    for (int block = block0; block < blockEnd; block++) {
      products.multiply(
          gradients, run.sharedScratch() + block * panelBytes,
          running(run.sharedScratch() + stateGradient, row, block * blockUnits()), runningRow, rows);
    }
  }

  @Override
  public String variant() {
    return cell + " by blocks of " + blockUnits() + " units, " + products;
  }
}
