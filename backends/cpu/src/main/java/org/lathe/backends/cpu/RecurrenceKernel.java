package org.lathe.backends.cpu;

import org.lathe.hal.spec.Recurrence;

/**
 * Whole-sequence recurrent layers: what the forward and the backward kernel share.
 *
 * <p>Hidden units are computed in blocks of {@link TileProducts#span}; for one block and a few batch rows, all gates are
 * multiplied into planes that stay in the first cache, where the cell's pointwise part follows at once. A plane holds
 * one value for each row and unit of the block, padded to the span.
 *
 * <p>Batch rows do not depend on each other: where the batch has enough of them, each worker runs all steps of its own
 * rows with all the weights, and there is no barrier but the one after the weights are packed. Otherwise each worker
 * has some of the blocks, with one barrier a step. Both give the same bits.
 *
 * <p>Floor: {@code 2 * steps * batch * gates * hidden^2} operations, the same again backward. Each step reads the
 * weights once for each worker, from the second cache where they fit, and moves each element of the sequence once.
 * Reached by one core of a Zen 4, of its peak of multiply-adds, with 64 steps, batch 16 to 32 and 256 units: LSTM 63% to
 * 71% forward and 69% backward, GRU 63% and 62%, plain 69% to 79% and 64% to 75%. Copying planes in and out takes a
 * seventh of the time of the LSTM, its activations under a tenth.
 */
abstract class RecurrenceKernel implements Kernel {
  /** How many rows are in a plane at most: a multiple of the rows of a register tile. */
  static final int PLANE_ROWS = 18;

  /** Operations that are worth a second worker, and, where workers meet at each step, operations of one step. */
  private static final long WORTH_SHARING = 400_000;
  private static final long WORTH_MEETING = 1_000_000;

  final TileProducts tiles;
  final CellMath math;
  final Recurrence.Cell cell;
  final boolean reverse;
  final int steps;
  final int batch;
  final int hidden;
  final int gates;
  final int span;
  final int blocks;
  final long element;
  /** Bytes of a row of states, of projected, of reserve. */
  final long stateRow;
  final long gateRow;
  final long reserveRow;
  /** Bytes of one row of a plane. */
  final long planeRow;
  private final long operations;

  RecurrenceKernel(Recurrence spec) {
    this.tiles = TileProducts.of(spec.dtype());
    this.math = CellMath.of(spec.dtype());
    this.cell = spec.cell();
    this.reverse = spec.reverse();
    this.steps = Math.toIntExact(spec.steps());
    this.batch = Math.toIntExact(spec.batch());
    this.hidden = Math.toIntExact(spec.hidden());
    this.gates = cell.gates();
    this.span = tiles.span();
    this.blocks = tiles.panels(hidden);
    this.element = tiles.bytes();
    this.stateRow = hidden * element;
    this.gateRow = gates * stateRow;
    this.reserveRow = cell.reserved() * stateRow;
    this.planeRow = span * element;
    this.operations = spec.operations();
  }

  /** The kernel for a spec. */
  static Kernel of(Recurrence spec) {
    return switch (spec.form()) {
      case FORWARD -> new RecurrenceForward(spec);
      case BACKWARD -> new RecurrenceBackward(spec);
    };
  }

  /** The step that runs {@code s}-th. */
  final int step(int s) {
    return reverse ? steps - 1 - s : s;
  }

  /** How many units block {@code block} holds. */
  final int units(int block) {
    return Math.min(span, hidden - block * span);
  }

  /** Whether each of so many workers has rows of its own, and at least about half a register tile of them. */
  final boolean splitsRows(int workers) {
    return batch >= 4 * workers || blocks < workers;
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
    return splitsRows(workers) ? 0 : (int) ((long) blocks * worker / workers);
  }

  final int endBlock(int worker, int workers) {
    return splitsRows(workers) ? blocks : firstBlock(worker + 1, workers);
  }

  /** Copies the units of one block out of arrays whose rows are {@code row} bytes apart, into a plane. */
  final void in(long array, long row, int block, long plane, int rows) {
    tiles.copyRows(array + block * planeRow, row, plane, planeRow, rows, units(block));
  }

  final void out(long plane, long array, long row, int block, int rows) {
    tiles.copyRows(plane, planeRow, array + block * planeRow, row, rows, units(block));
  }

  @Override
  public int workers(int most) {
    int wanted = (int) Math.clamp(operations / WORTH_SHARING, 1, most);
    int byRows = Math.clamp(batch / 4, 1, wanted);
    int byBlocks = (int) Math.clamp(operations / Math.max(1, steps) / WORTH_MEETING, 1, wanted);
    return Math.max(byRows, Math.min(byBlocks, Math.max(1, blocks)));
  }

  @Override
  public String variant() {
    return cell + " by blocks of " + span + " units, planes of " + PLANE_ROWS + " rows, "
        + tiles.getClass().getSimpleName();
  }
}
