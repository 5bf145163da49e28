package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.spec.Recurrence.Cell;

/**
 * The backward pass: for each step, in the opposite order, the pointwise part of all rows and units, then the product of
 * the gates' gradients with the transposed weights. What runs along is kept for each row: the gradients of state and
 * cell, and those of the gates in rows that are a little wider than all gates, so that a tile's rows do not fall into the
 * same sets of a cache.
 */
final class RecurrenceRowsBackward extends RecurrenceRows {
  private final int blocks;
  private final int padded;
  private final int gateRow;
  private final long panelElements;
  private final long stateElements;
  private final long runningElements;

  RecurrenceRowsBackward(RecurrenceShape shape, Site site, Tuning tuning) {
    super(shape, site, tuning);
    this.blocks = Math.ceilDiv(shape.hidden, vectors * lanes);
    this.padded = blocks * vectors * lanes;
    this.gateRow = Math.ceilDiv(shape.gateWidth(), lanes) * lanes + lanes;
    this.panelElements = (long) padded * shape.gateWidth();
    this.stateElements = (long) shape.batch * padded;
    this.runningElements = 2 * stateElements + (long) shape.batch * gateRow;
  }

  @Override
  KernelPlan plan() {
    return plan(pack(), run(), panelElements, runningElements);
  }

  /** Panels of the transposed weights; sixteen columns at a time, so that what is read and written stays in a cache. */
  private Launch pack() {
    int width = vectors * lanes;
    int depth = shape.gateWidth();
    LaunchBuilder k = new LaunchBuilder("recurrence_pack_transposed", shape.spec, site);
    Memory weights = k.input(0, "weights");
    Memory packed = panels(k, panelElements, Access.WRITE);
    return Tasks.launch(k, traits, blocks, block -> k.loop(
        "chunk", Values.index(0), Values.index(depth), 16, chunk -> k.loop("lane", width, lane -> {
          Value unit = k.let("unit", Values.add(Values.mul(block, width), lane));
          Value end = k.let("end", Values.min(Values.add(chunk, 16), Values.index(depth)));
          Value target = k.let("target", Values.add(Values.mul(block, (long) depth * width), lane));
          Value source = k.let("source", Values.mul(unit, depth));
          Runnable copy = () -> k.loop("i", chunk, end, 1, i -> k.store(
              packed, Values.add(target, Values.mul(i, width)), Values.load(weights, Values.add(source, i))));
          if (padded == shape.hidden) {
            copy.run();
            return;
          }
          k.when(Values.less(unit, shape.hidden), copy, () -> k.loop("i", chunk, end, 1, i -> k.store(
              packed, Values.add(target, Values.mul(i, width)), Values.constant(shape.dtype, 0))));
        })));
  }

  /** The operands of a run. */
  private record Arrays(
      Memory packed,
      Memory h0,
      Memory states,
      Memory c0,
      Memory cells,
      Memory reserve,
      Memory gradient,
      Memory running,
      Memory projected,
      Memory recurrent) {}

  private Launch run() {
    LaunchBuilder k = new LaunchBuilder("recurrence_backward", shape.spec, site);
    boolean lstm = shape.cell == Cell.LSTM;
    Memory packed = panels(k, panelElements, Access.READ);
    Memory h0 = shape.cell == Cell.GRU ? k.input(1, "h0") : packed;
    Memory states = lstm ? packed : k.input(2, "states");
    Memory c0 = lstm ? k.input(3, "c0") : packed;
    Memory cells = lstm ? k.input(shape.inCells, "cells") : packed;
    Memory reserve = shape.reserved > 0 ? k.input(shape.inReserve, "reserve") : packed;
    Memory gradient = k.input(shape.inGradient, "d_states");
    Memory lastCell = lstm ? k.input(shape.inGradient + 1, "d_cell") : packed;
    Memory running = k.workspace(RUNNING, "running", shape.dtype, runningElements, Access.READ_WRITE);
    Memory projected = k.output(0, "d_projected");
    Memory recurrent = shape.cell == Cell.GRU ? k.output(1, "d_recurrent") : projected;
    Memory h0Gradient = k.output(shape.outState, "d_h0");
    Memory c0Gradient = lstm ? k.output(shape.outState + 1, "d_c0") : h0Gradient;
    Arrays arrays = new Arrays(packed, h0, states, c0, cells, reserve, gradient, running, projected, recurrent);
    return Tasks.launch(k, traits, tasks, task -> {
      Value first = firstRow(k, task);
      Value end = endRow(k, first);
      k.loop("row", first, end, 1, row -> k.loop("j", padded, j -> k.store(
          running, Values.add(Values.mul(row, padded), j), Values.constant(shape.dtype, 0))));
      if (lstm) {
        copyRows(k, lastCell, shape.hidden, running, padded, first, end, Values.index(stateElements));
      }
      k.loop("back", shape.steps, back -> {
        Value order = k.let("order", Values.sub(Values.index(shape.steps - 1), back));
        Value step = k.let("step", shape.step(order));
        Value before = k.let("before", shape.step(Values.max(Values.sub(order, 1), Values.index(0))));
        k.loop("row", first, end, 1, row -> {
          Value at = k.let("at", shape.sequenceRow(step, row));
          Value atBefore = k.let("at_before", shape.sequenceRow(before, row));
          k.loop("unit", Values.index(0), Values.index(shape.hidden), lanes, unit0 -> units(
              k, unit0, Math.ceilDiv(shape.hidden, lanes) * lanes,
              (unit, n) -> pointwise(k, arrays, order, row, at, atBefore, unit, n)));
        });
        k.loop("block", blocks,
            block -> tiles(k, first, end, (tile, last) -> multiply(k, packed, running, block, tile, last)));
      });
      copyOut(k, running, Values.index(0), h0Gradient, first, end);
      if (lstm) {
        copyOut(k, running, Values.index(stateElements), c0Gradient, first, end);
      }
    });
  }

  private void copyOut(KernelBuilder k, Memory running, Value start, Memory target, Value first, Value end) {
    k.loop("row", first, end, 1, row -> {
      Value from = k.let("from", Values.add(Values.mul(row, padded), start));
      Value to = k.let("to", Values.mul(row, shape.hidden));
      k.loop("j", shape.hidden, j -> k.store(target, Values.add(to, j), Values.load(running, Values.add(from, j))));
    });
  }

  private void pointwise(
      KernelBuilder k, Arrays a, Value order, Value row, Value at, Value atBefore, Value unit, int n) {
    Value place = k.let("place", Values.add(Values.mul(row, padded), unit));
    Value cellPlace = Values.add(place, stateElements);
    Value element = k.let("element", shape.element(at, 1, 0, unit));
    Value dState = k.let("dh", RecurrentCell.plus(
        Values.load(a.running, place, n, false), Values.load(a.gradient, element, n, false)));
    List<Value> reserve = new ArrayList<>();
    for (int g = 0; g < shape.reserved; g++) {
      reserve.add(k.let("kept", Values.load(a.reserve, shape.element(at, shape.reserved, g, unit), n, false)));
    }
    Value now = switch (shape.cell) {
      case PLAIN -> k.let("now", Values.load(a.states, element, n, false));
      case LSTM -> k.let("now", Values.load(a.cells, element, n, false));
      case GRU -> dState;
    };
    Value before = switch (shape.cell) {
      case PLAIN -> dState;
      case LSTM -> before(k, a.c0, a.cells, order, row, atBefore, unit, n);
      case GRU -> before(k, a.h0, a.states, order, row, atBefore, unit, n);
    };
    Value dCell = shape.cell == Cell.LSTM ? k.let("dc", Values.load(a.running, cellPlace, n, false)) : dState;
    RecurrentCell.Gradients d = RecurrentCell.gradients(k, shape.cell, reserve, now, before, dState, dCell);
    for (int g = 0; g < shape.gates; g++) {
      k.store(a.projected, shape.element(at, shape.gates, g, unit), d.projected().get(g));
      if (shape.cell == Cell.GRU) {
        k.store(a.recurrent, shape.element(at, shape.gates, g, unit), d.recurrent().get(g));
      }
      Value gatePlace = Values.add(Values.add(Values.mul(row, gateRow), unit),
          2 * stateElements + (long) g * shape.hidden);
      k.store(a.running, gatePlace, d.recurrent().get(g));
    }
    switch (shape.cell) {
      case PLAIN -> {}
      case LSTM -> k.store(a.running, cellPlace, d.cellBefore());
      case GRU -> k.store(a.running, place, d.direct());
    }
  }

  /** The state or cell before a step: of the sequence, or the first one. */
  private Value before(
      KernelBuilder k, Memory first, Memory sequence, Value order, Value row, Value atBefore, Value unit, int n) {
    var before = k.variable("before", Values.load(first, shape.element(row, 1, 0, unit), n, false));
    k.when(Values.atLeast(order, 1), () -> k.assign(
        before, Values.load(sequence, shape.element(atBefore, 1, 0, unit), n, false)));
    return Values.read(before);
  }

  private void multiply(KernelBuilder k, Memory packed, Memory running, Value block, Value tile, Value end) {
    int width = vectors * lanes;
    Value panel = k.let("panel", Values.mul(block, (long) shape.gateWidth() * width));
    Value[] gates = new Value[rows];
    Value[] target = new Value[rows];
    for (int r = 0; r < rows; r++) {
      Value row = row(k, tile, r, end);
      gates[r] = k.let("gates", Values.add(Values.mul(row, gateRow), 2 * stateElements));
      target[r] = k.let("target", Values.add(Values.mul(row, padded), Values.mul(block, width)));
    }
    RegisterTile sums = shape.cell == Cell.GRU
        ? new RegisterTile(k, rows, vectors,
            (r, v) -> Values.load(running, Values.add(target[r], v * lanes), lanes, true))
        : RegisterTile.zeros(k, rows, vectors, vector);
    sums.multiply(
        Values.index(0),
        Values.index(shape.gateWidth()),
        (r, i) -> Values.load(running, Values.add(gates[r], i)),
        (v, i) -> Values.load(packed, Values.add(Values.add(panel, Values.mul(i, width)), v * lanes), lanes, true));
    sums.each((r, v, sum) -> k.store(running, Values.add(target[r], v * lanes), sum, true));
  }
}
