package org.lathe.backends.cpu;

import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * The backward pass of {@link Recurrence}: at each step, in the opposite order, the gradients of the gates from those of
 * the state and the cell, then the gradient of the state before as the product with the transposed weights.
 *
 * <p>In shared scratch: for each block a panel {@code [gates * hidden][span]} of the transposed weights, packed at the
 * start of each run; the running gradients of state and cell, {@code [blocks][batch][span]}.
 */
final class RecurrenceBackward extends RecurrenceKernel {
  private static final int MOST_PLANES = 6;

  private final long panelBytes;
  private final long stateGradient;
  private final long cellGradient;
  private final long sharedBytes;
  private final long planes;
  private final long zeros;
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
    ScratchLayout shared = new ScratchLayout(tiles.bytes());
    this.panelBytes = gates * hidden * planeRow;
    shared.take((long) blocks * gates * hidden * span);
    this.stateGradient = shared.take((long) blocks * batch * span);
    this.cellGradient = shared.take(cell == Cell.LSTM ? (long) blocks * batch * span : 0);
    this.sharedBytes = shared.bytes();
    ScratchLayout own = new ScratchLayout(tiles.bytes());
    this.planes = own.take((long) MOST_PLANES * PLANE_ROWS * span);
    this.zeros = own.take(span);
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
  public long sharedScratch() {
    return sharedBytes;
  }

  @Override
  public long workerScratch() {
    return workerBytes;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long shared = run.sharedScratch();
    tiles.fill(run.workerScratch(worker) + zeros, 0, span);
    pack(operands[0], shared, worker, workers);
    int row0 = firstRow(worker, workers);
    int rows = endRow(worker, workers) - row0;
    int block0 = firstBlock(worker, workers);
    int blockEnd = endBlock(worker, workers);
    for (int block = block0; block < blockEnd; block++) {
      tiles.fill(running(shared + stateGradient, block, row0), 0, rows * span);
      if (cell == Cell.LSTM) {
        tiles.fill(running(shared + cellGradient, block, row0), 0, rows * span);
        in(operands[inGradient + 1] + row0 * stateRow, stateRow, block,
            running(shared + cellGradient, block, row0), rows);
      }
    }
    run.barrier();
    boolean meets = !splitsRows(workers);
    for (int s = steps - 1; s >= 0; s--) {
      for (int block = block0; block < blockEnd; block++) {
        for (int row = row0; row < row0 + rows; row += PLANE_ROWS) {
          gates(operands, run, worker, s, block, row, Math.min(PLANE_ROWS, row0 + rows - row));
        }
      }
      if (meets) {
        run.barrier();
      }
      for (int block = block0; block < blockEnd; block++) {
        stateBefore(operands, run, worker, s, block, row0, rows);
      }
    }
    for (int block = block0; block < blockEnd; block++) {
      long offset = row0 * stateRow;
      out(running(shared + stateGradient, block, row0), operands[outState] + offset, stateRow, block, rows);
      if (cell == Cell.LSTM) {
        out(running(shared + cellGradient, block, row0), operands[outState + 1] + offset, stateRow, block, rows);
      }
    }
  }

  private long running(long gradients, int block, int row) {
    return gradients + ((long) block * batch + row) * planeRow;
  }

  private void pack(long weights, long panels, int worker, int workers) {
    for (int block = worker; block < blocks; block += workers) {
      long panel = panels + block * panelBytes;
      int units = units(block);
      if (units < span) {
        tiles.fill(panel, 0, gates * hidden * span);
      }
      tiles.transposeIntoPanel(weights + block * span * gateRow, gateRow, element, panel, units, gates * hidden);
    }
  }

  /** The gradients of the gates of one block at one step. */
  private void gates(long[] operands, Run run, int worker, int s, int block, int row, int rows) {
    long shared = run.sharedScratch();
    long gate = run.workerScratch(worker) + planes;
    long plane = rows * planeRow;
    int n = rows * span;
    long at = (long) step(s) * batch + row;
    long dh = running(shared + stateGradient, block, row);
    long spare = gate + 4 * plane;
    in(operands[inGradient] + at * stateRow, stateRow, block, spare, rows);
    math.add(dh, spare, n);
    switch (cell) {
      case PLAIN -> {
        in(operands[inStates] + at * stateRow, stateRow, block, gate, rows);
        math.plainBackward(gate, dh, n);
      }
      case LSTM -> {
        reserve(operands[inReserve], at, block, rows, gate);
        in(operands[inCells] + at * stateRow, stateRow, block, spare, rows);
        math.tanh(spare, spare, n);
        long cellBefore = gate + 5 * plane;
        in(before(operands, inCells, 3, s, row), stateRow, block, cellBefore, rows);
        math.lstmBackward(gate, plane, spare, cellBefore, dh, running(shared + cellGradient, block, row), n);
      }
      case GRU -> {
        reserve(operands[inReserve], at, block, rows, gate);
        in(before(operands, inStates, 1, s, row), stateRow, block, spare, rows);
        math.gruBackward(gate, plane, spare, dh, n);
      }
    }
    for (int g = 0; g < gates; g++) {
      long offset = at * gateRow + g * stateRow;
      out(gate + g * plane, operands[outProjected] + offset, gateRow, block, rows);
      if (cell == Cell.GRU) {
        // The candidate's product is scaled by r before it is added: its gradient is another plane.
        out(gate + (g == 2 ? 3 : g) * plane, operands[outRecurrent] + offset, gateRow, block, rows);
      }
    }
  }

  /** The state or cell before step {@code s}: of the sequence, or the first one. */
  private long before(long[] operands, int sequence, int first, int s, int row) {
    return s == 0
        ? operands[first] + row * stateRow
        : operands[sequence] + ((long) step(s - 1) * batch + row) * stateRow;
  }

  private void reserve(long reserve, long at, int block, int rows, long gate) {
    for (int g = 0; g < 4; g++) {
      in(reserve + at * reserveRow + g * stateRow, reserveRow, block, gate + g * rows * planeRow, rows);
    }
  }

  /** The gradient of one block of the state before step {@code s}. */
  private void stateBefore(long[] operands, Run run, int worker, int s, int block, int row, int rows) {
    long gradients = operands[outRecurrent] + ((long) step(s) * batch + row) * gateRow;
    long target = running(run.sharedScratch() + stateGradient, block, row);
    boolean adds = cell == Cell.GRU;
    tiles.multiply(
        gradients,
        gateRow,
        element,
        run.sharedScratch() + block * panelBytes,
        gates * hidden,
        adds ? target : run.workerScratch(worker) + zeros,
        adds ? planeRow : 0,
        target,
        planeRow,
        rows);
  }
}
