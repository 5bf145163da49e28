package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;

/** The sizes of a recurrence, where its operands are, and indices into them. */
final class RecurrenceShape {
  final Recurrence spec;
  final Cell cell;
  final DType dtype;
  final int steps;
  final int batch;
  final int hidden;
  final int gates;
  final int reserved;
  /** Positions of operands; those that the cell or the form lacks are not to be used. */
  final int inCells;
  final int inReserve;
  final int inGradient;
  final int outReserve;
  final int outState;
  private final boolean wide;

  RecurrenceShape(Recurrence spec) {
    this.spec = spec;
    this.cell = spec.cell();
    this.dtype = spec.dtype();
    this.steps = Math.toIntExact(spec.steps());
    this.batch = Math.toIntExact(spec.batch());
    this.hidden = Math.toIntExact(spec.hidden());
    this.gates = cell.gates();
    this.reserved = cell.reserved();
    this.inCells = 4;
    this.inReserve = cell == Cell.LSTM ? 5 : 3;
    this.inGradient = cell == Cell.PLAIN ? 3 : inReserve + 1;
    this.outReserve = cell == Cell.LSTM ? 2 : 1;
    this.outState = cell == Cell.GRU ? 2 : 1;
    this.wide = spec.steps() * spec.batch() * 4 * spec.hidden() > Integer.MAX_VALUE;
  }

  /** The width of the recurrent product's gradient: all gates of a row. */
  int gateWidth() {
    return gates * hidden;
  }

  /** The step that runs {@code order}-th. */
  Value step(Value order) {
    return spec.reverse() ? Values.sub(Values.index(steps - 1), order) : order;
  }

  int step(int order) {
    return spec.reverse() ? steps - 1 - order : order;
  }

  /** The number of a row of one step among those of the sequence. */
  Value sequenceRow(Value step, Value row) {
    Value t = wide ? Values.cast(step, DType.I64) : step;
    return Values.add(Values.mul(t, batch), row);
  }

  /** A row's element: of arrays whose rows hold {@code width} for each hidden unit, that of one unit and part. */
  Value element(Value row, int width, int part, Value unit) {
    return Values.add(Values.add(Values.mul(row, (long) width * hidden), unit), (long) part * hidden);
  }
}
