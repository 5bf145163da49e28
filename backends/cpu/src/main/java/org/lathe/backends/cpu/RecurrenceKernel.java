package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence;

/**
 * Whole-sequence recurrent layers: what the forward and the backward kernel share.
 *
 * <p>The weights are packed in panels at the start of each run, as training changes them. A step is the product of the
 * states, or of the gradients of the gates, with all panels, by {@link PanelProducts}, and the cell's pointwise part, row
 * by row in one pass over everything that it reads and writes: those rows are long runs of memory, which the processor
 * fetches ahead.
 *
 * <p>Batch rows do not depend on each other: where the batch has enough of them, each worker runs all steps of its own
 * rows with all the weights, and there is no barrier but the one after the weights are packed. Otherwise each worker
 * has some of the panels, with one barrier a step. Both give the same bits.
 *
 * <p>Floor: {@code 2 * steps * batch * gates * hidden^2} operations, the same again backward. Each step reads the
 * weights once for each worker, from the second cache where they fit, and moves each element of the sequence once: for an
 * LSTM, {@code 10 * batch * hidden} elements forward and {@code 11 * batch * hidden} backward. Reached by two cores of a
 * Zen 4, of their peak of multiply-adds, with 64 steps, batch 32 and 256 units: LSTM 82% forward and 76% backward, GRU
 * 81% and 72%, plain 87% and 89%. The products take 87% of the time of the LSTM forward and 78% backward; the rest waits
 * for the sequence's memory. Units split between the workers, each with its weights in its own second cache, are 14%
 * slower: the weights come in time from the third cache, but the states come late from the other core.
 */
abstract class RecurrenceKernel implements Kernel {
  /** How many batch rows are computed together at most: they read the weights once from where those are. */
  static final int MOST_ROWS = 32;

  /** Operations that are worth a second worker, and, where workers meet at each step, operations of one step. */
  private static final long WORTH_SHARING = 400_000;
  private static final long WORTH_MEETING = 1_000_000;

  final TileProducts tiles;
  final CellMath math;
  final DType type;
  final Recurrence.Cell cell;
  final boolean reverse;
  final int steps;
  final int batch;
  final int hidden;
  final int gates;
  final int lanes;
  final long element;
  /** Bytes of one vector. */
  final long vector;
  /** Bytes of a row of states, of projected, of reserve. */
  final long stateRow;
  final long gateRow;
  final long reserveRow;
  private final long operations;

  RecurrenceKernel(Recurrence spec) {
    this.type = spec.dtype();
    this.tiles = TileProducts.of(type);
    this.lanes = PanelProducts.lanes(type);
    this.math = CellMath.of(type, lanes);
    this.cell = spec.cell();
    this.reverse = spec.reverse();
    this.steps = Math.toIntExact(spec.steps());
    this.batch = Math.toIntExact(spec.batch());
    this.hidden = Math.toIntExact(spec.hidden());
    this.gates = cell.gates();
    this.element = tiles.bytes();
    this.vector = lanes * element;
    this.stateRow = hidden * element;
    this.gateRow = gates * stateRow;
    this.reserveRow = cell.reserved() * stateRow;
    this.operations = spec.operations();
  }

  /** The kernel for a spec. */
  static Kernel of(Recurrence spec) {
    return switch (spec.form()) {
      case FORWARD -> new RecurrenceForward(spec);
      case BACKWARD -> new RecurrenceBackward(spec);
    };
  }

  /** How many vectors wide a panel of plain columns is: at most 4, and all panels about the same. */
  final int evenVectors() {
    int all = Math.max(1, Math.ceilDiv(hidden, lanes));
    return Math.ceilDiv(all, Math.ceilDiv(all, 4));
  }

  /** How many units the block of one panel has. */
  abstract int blockUnits();

  /** How many blocks there are. */
  final int blocks() {
    return Math.ceilDiv(hidden, blockUnits());
  }

  /** How many units are in the blocks from {@code block} up to {@code blockEnd}. */
  final int units(int block, int blockEnd) {
    return Math.min(hidden, blockEnd * blockUnits()) - Math.min(hidden, block * blockUnits());
  }

  /** The step that runs {@code s}-th. */
  final int step(int s) {
    return reverse ? steps - 1 - s : s;
  }

  /** The index of a batch row at the step that runs {@code s}-th. */
  final long at(int s, int row) {
    return (long) step(s) * batch + row;
  }

  /** The state or cell of a row before the step that runs {@code s}-th: of the sequence, or the first one. */
  final long before(long sequence, long first, int s, int row) {
    return s == 0 ? first + row * stateRow : sequence + at(s - 1, row) * stateRow;
  }

  /** Whether each of so many workers has rows of its own, and at least about half a register tile of them. */
  final boolean splitsRows(int workers) {
    return batch >= 4 * workers || blocks() < workers;
  }

  /** The first batch row of a worker. */
  final int firstRow(int worker, int workers) {
    return splitsRows(workers) ? (int) ((long) batch * worker / workers) : 0;
  }

  final int endRow(int worker, int workers) {
    return splitsRows(workers) ? firstRow(worker + 1, workers) : batch;
  }

  /** The first block of units of a worker. */
  final int firstBlock(int worker, int workers) {
    return splitsRows(workers) ? 0 : (int) ((long) blocks() * worker / workers);
  }

  final int endBlock(int worker, int workers) {
    return splitsRows(workers) ? blocks() : firstBlock(worker + 1, workers);
  }

  /** Copies {@code n} units of each of so many rows to a plane, where each row takes a vector. */
  final void pad(long source, long sourceRow, long plane, int rows, int n) {
    tiles.copyRows(source, sourceRow, plane, vector, rows, n);
  }

  /** Copies {@code n} units of several gates, {@code stateRow} apart, to planes one after the other. */
  final void padGates(long source, long sourceRow, long planes, int count, int rows, int n) {
    for (int g = 0; g < count; g++) {
      pad(source + g * stateRow, sourceRow, planes + g * rows * vector, rows, n);
    }
  }

  /** The opposite of {@link #pad}. */
  final void unpad(long plane, long target, long targetRow, int rows, int n) {
    tiles.copyRows(plane, vector, target, targetRow, rows, n);
  }

  /** The opposite of {@link #padGates}. */
  final void unpadGates(long planes, long target, long targetRow, int count, int rows, int n) {
    for (int g = 0; g < count; g++) {
      unpad(planes + g * rows * vector, target + g * stateRow, targetRow, rows, n);
    }
  }

  @Override
  public int workers(int most) {
    int wanted = (int) Math.clamp(operations / WORTH_SHARING, 1, most);
    int byRows = Math.clamp(batch / 4, 1, wanted);
    int byBlocks = (int) Math.clamp(operations / Math.max(1, steps) / WORTH_MEETING, 1, wanted);
    return Math.max(byRows, Math.min(byBlocks, Math.max(1, blocks())));
  }
}
