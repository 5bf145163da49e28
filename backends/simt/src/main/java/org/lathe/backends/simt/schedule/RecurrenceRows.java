package org.lathe.backends.simt.schedule;

import java.util.List;
import java.util.function.BiConsumer;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;

/**
 * Recurrences whose whole sequence is one launch: batch rows do not depend on each other, so each work item takes some of
 * them through all steps. A launch before it packs the weights into panels that the item reads from end to end.
 *
 * <p>A panel is as wide as a register tile, and as deep as the product. Units are padded to whole vectors in panels and
 * in running states, where the surplus is computed and never read.
 */
abstract class RecurrenceRows {
  static final int PANELS = 0;
  static final int RUNNING = 1;

  final RecurrenceShape shape;
  final Site site;
  final Traits traits;
  final Type vector;
  final int lanes;
  /** Rows and vectors of a register tile. */
  final int rows;
  final int vectors;
  final int rowsOfTask;
  final int tasks;

  RecurrenceRows(RecurrenceShape shape, Site site, Tuning tuning) {
    this.shape = shape;
    this.site = site;
    this.traits = site.traits();
    this.lanes = Lanes.of(shape.dtype, traits, shape.hidden);
    this.vector = new Type(shape.dtype, lanes);
    this.vectors = tuning.get("vectors");
    this.rowsOfTask = Math.ceilDiv(shape.batch, traits.isPipeline() ? 1 : traits.computeUnits());
    this.tasks = Math.ceilDiv(shape.batch, rowsOfTask);
    this.rows = Math.ceilDiv(rowsOfTask, Math.ceilDiv(rowsOfTask, tuning.get("rows")));
  }

  /** The launches, the first of which packs the weights. */
  abstract KernelPlan plan();

  final KernelPlan plan(Launch pack, Launch run, long panelElements, long runningElements) {
    int bytes = shape.dtype.bytes();
    return new KernelPlan(
        "one launch, " + tasks + " tasks of " + rowsOfTask + " rows, tiles of " + rows + " rows by " + vectors
            + " vectors of " + lanes,
        List.of(pack, run),
        List.of(panelElements * bytes, runningElements * bytes));
  }

  final Memory panels(LaunchBuilder k, long elements, Access access) {
    return k.workspace(PANELS, "panels", shape.dtype, elements, access);
  }

  /** Does the body for the rows of a task, {@code rows} at a time; it gets the first row and the end of the task's. */
  final void tiles(KernelBuilder k, Value first, Value end, BiConsumer<Value, Value> body) {
    k.loop("row", first, end, rows, row -> body.accept(row, end));
  }

  /** Row {@code r} of a register tile; past the task's end it is the last row again. */
  final Value row(KernelBuilder k, Value tile, int r, Value end) {
    boolean whole = rowsOfTask % rows == 0 && shape.batch % rowsOfTask == 0;
    return r == 0
        ? tile
        : whole ? Values.add(tile, r) : k.let("row", Values.min(Values.add(tile, r), Values.sub(end, 1)));
  }

  /** The first row of a task and the end of its rows. */
  final Value firstRow(KernelBuilder k, Value task) {
    return k.let("first", Values.mul(task, rowsOfTask));
  }

  final Value endRow(KernelBuilder k, Value first) {
    return tasks == 1
        ? Values.index(shape.batch)
        : k.let("end", Values.min(Values.add(first, rowsOfTask), Values.index(shape.batch)));
  }

  /**
   * Does the body for the units from {@code unit} that one vector holds: at once where they are all there, else one by
   * one. It gets a unit and how many from there on.
   */
  final void units(KernelBuilder k, Value unit, int padded, BiConsumer<Value, Integer> body) {
    if (padded == shape.hidden) {
      body.accept(unit, lanes);
      return;
    }
    if (lanes == 1) {
      k.when(Values.less(unit, shape.hidden), () -> body.accept(unit, 1));
      return;
    }
    Runnable single = () -> k.loop("unit", unit, Values.index(shape.hidden), 1, u -> body.accept(u, 1));
    if (shape.hidden < lanes) {
      single.run();
      return;
    }
    k.when(Values.less(Values.add(unit, lanes - 1), shape.hidden), () -> body.accept(unit, lanes), single);
  }

  /** Copies {@code count} rows between arrays of different widths. */
  final void copyRows(
      KernelBuilder k, Memory source, int sourceWidth, Memory target, int targetWidth, Value first, Value end,
      Value targetStart) {
    k.loop("row", first, end, 1, row -> {
      Value from = k.let("from", Values.mul(row, sourceWidth));
      Value to = k.let("to", Values.add(Values.mul(row, targetWidth), targetStart));
      k.loop("j", shape.hidden, j -> k.store(target, Values.add(to, j), Values.load(source, Values.add(from, j))));
    });
  }
}
