package org.lathe.backends.cpu;

import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * The forward pass of {@link Recurrence}. In shared scratch, for each block and gate, a panel of the recurrent weights
 * {@code [hidden][span]}, packed at the start of each run, as training changes the weights.
 */
final class RecurrenceForward extends RecurrenceKernel {
  private static final int MOST_PLANES = 6;

  private final long panelBytes;
  private final long sharedBytes;
  private final long planes;
  private final long bias;
  private final long workerBytes;

  RecurrenceForward(Recurrence spec) {
    super(spec);
    ScratchLayout shared = new ScratchLayout(tiles.bytes());
    this.panelBytes = hidden * planeRow;
    shared.take((long) blocks * gates * hidden * span);
    this.sharedBytes = shared.bytes();
    ScratchLayout own = new ScratchLayout(tiles.bytes());
    this.planes = own.take((long) MOST_PLANES * PLANE_ROWS * span);
    this.bias = own.take(cell == Cell.GRU ? 3L * blocks * span : 0);
    this.workerBytes = own.bytes();
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
    pack(operands[1], run.sharedScratch(), worker, workers);
    if (cell == Cell.GRU) {
      packBias(operands[3], run.workerScratch(worker));
    }
    run.barrier();
    boolean meets = !splitsRows(workers);
    int rowEnd = endRow(worker, workers);
    int blockEnd = endBlock(worker, workers);
    for (int s = 0; s < steps; s++) {
      for (int block = firstBlock(worker, workers); block < blockEnd; block++) {
        for (int row = firstRow(worker, workers); row < rowEnd; row += PLANE_ROWS) {
          tile(operands, run, worker, s, block, row, Math.min(PLANE_ROWS, rowEnd - row));
        }
      }
      if (meets) {
        run.barrier();
      }
    }
  }

  private void pack(long weights, long panels, int worker, int workers) {
    for (int p = worker; p < blocks * gates; p += workers) {
      int block = p / gates;
      int units = units(block);
      long panel = panels + p * panelBytes;
      if (units < span) {
        tiles.fill(panel, 0, hidden * span);
      }
      tiles.copyRows(weights + p % gates * stateRow + block * planeRow, gateRow, panel, planeRow, hidden, units);
    }
  }

  /** Copies the recurrent bias, each gate padded to whole blocks. */
  private void packBias(long source, long scratch) {
    for (int gate = 0; gate < 3; gate++) {
      long target = scratch + bias + gate * blocks * planeRow;
      tiles.fill(target, 0, blocks * span);
      tiles.copyRows(source + gate * stateRow, 0, target, 0, 1, hidden);
    }
  }

  private void tile(long[] operands, Run run, int worker, int s, int block, int row, int rows) {
    long scratch = run.workerScratch(worker);
    long gate = scratch + planes;
    long plane = rows * planeRow;
    int n = rows * span;
    long at = (long) step(s) * batch + row;
    long projected = operands[0] + at * gateRow;
    int states = cell == Cell.PLAIN ? 3 : 4;
    long before = s == 0
        ? operands[2] + row * stateRow
        : operands[states] + ((long) step(s - 1) * batch + row) * stateRow;
    long panel = run.sharedScratch() + block * gates * panelBytes;
    for (int g = 0; g < gates; g++) {
      long target = gate + g * plane;
      in(projected + g * stateRow, gateRow, block, target, rows);
      if (cell == Cell.GRU && g == 2) {
        long candidateBias = scratch + bias + (2L * blocks + block) * planeRow;
        tiles.multiply(
            before, stateRow, element, panel + g * panelBytes, hidden, candidateBias, 0, target + plane, planeRow,
            rows);
      } else {
        tiles.multiply(
            before, stateRow, element, panel + g * panelBytes, hidden, target, planeRow, target, planeRow, rows);
      }
    }
    switch (cell) {
      case PLAIN -> {
        math.tanh(gate, gate, n);
        out(gate, operands[states] + at * stateRow, stateRow, block, rows);
      }
      case LSTM -> lstm(operands, s, block, row, rows, gate);
      case GRU -> gru(operands, scratch, block, at, before, rows, gate);
    }
  }

  private void lstm(long[] operands, int s, int block, int row, int rows, long gate) {
    long plane = rows * planeRow;
    int n = rows * span;
    long at = (long) step(s) * batch + row;
    long c = gate + 4 * plane;
    long h = gate + 5 * plane;
    long cells = operands[5];
    long cellBefore = s == 0 ? operands[3] + row * stateRow : cells + ((long) step(s - 1) * batch + row) * stateRow;
    math.sigmoid(gate, 2 * n);
    math.tanh(gate + 2 * plane, gate + 2 * plane, n);
    math.sigmoid(gate + 3 * plane, n);
    in(cellBefore, stateRow, block, c, rows);
    math.lstmCell(gate, plane, c, n);
    math.tanh(c, h, n);
    math.scale(h, gate + 3 * plane, n);
    out(h, operands[4] + at * stateRow, stateRow, block, rows);
    out(c, cells + at * stateRow, stateRow, block, rows);
    reserve(operands[6], at, block, rows, gate);
  }

  private void gru(long[] operands, long scratch, int block, long at, long before, int rows, long gate) {
    long plane = rows * planeRow;
    int n = rows * span;
    long h = gate + 4 * plane;
    for (int r = 0; r < rows; r++) {
      math.add(gate + r * planeRow, scratch + bias + block * planeRow, span);
      math.add(gate + plane + r * planeRow, scratch + bias + (blocks + block) * planeRow, span);
    }
    math.sigmoid(gate, 2 * n);
    math.gruCandidate(gate, plane, n);
    math.tanh(gate + 2 * plane, gate + 2 * plane, n);
    in(before, stateRow, block, h, rows);
    math.gruState(gate, plane, h, n);
    out(h, operands[4] + at * stateRow, stateRow, block, rows);
    reserve(operands[5], at, block, rows, gate);
  }

  private void reserve(long reserve, long at, int block, int rows, long gate) {
    for (int g = 0; g < 4; g++) {
      out(gate + g * rows * planeRow, reserve + at * reserveRow + g * stateRow, reserveRow, block, rows);
    }
  }
}
