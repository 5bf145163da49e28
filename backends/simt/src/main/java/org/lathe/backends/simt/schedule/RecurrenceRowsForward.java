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
 * The forward pass. A block is one vector of units with all of their gates, or several vectors of units where there is one
 * gate: the products of a tile of rows with a block go through a private array to the pointwise part. The running states
 * alternate between two places, as all units of a step read all of the step before.
 */
final class RecurrenceRowsForward extends RecurrenceRows {
  /** Vectors of units in a block, and of columns: those of all gates. */
  private final int unitVectors;
  private final int columns;
  private final int panelsOfBlock;
  private final int blocks;
  private final int padded;
  private final long panelElements;
  private final long stateElements;

  RecurrenceRowsForward(RecurrenceShape shape, Site site, Tuning tuning) {
    super(shape, site, tuning);
    this.unitVectors = shape.gates == 1 ? vectors : 1;
    this.columns = shape.gates * unitVectors;
    this.panelsOfBlock = columns / vectors;
    this.blocks = Math.ceilDiv(shape.hidden, unitVectors * lanes);
    this.padded = blocks * unitVectors * lanes;
    this.panelElements = (long) blocks * columns * lanes * shape.hidden;
    this.stateElements = (long) shape.batch * padded;
  }

  @Override
  KernelPlan plan() {
    return plan(pack(), run(), panelElements, stateElements * (shape.cell == Cell.LSTM ? 3 : 2));
  }

  private Launch pack() {
    LaunchBuilder k = new LaunchBuilder("recurrence_pack", shape.spec, site);
    Memory weights = k.input(1, "weights");
    Memory packed = panels(k, panelElements, Access.WRITE);
    return Tasks.launch(k, traits, (long) blocks * panelsOfBlock, panel -> {
      Value block = k.let("block", Values.div(panel, panelsOfBlock));
      Value part = k.let("part", Values.rem(panel, panelsOfBlock));
      k.loop("i", shape.hidden, i -> {
        for (int v = 0; v < vectors; v++) {
          Value gate = unitVectors == 1 ? Values.add(Values.mul(part, vectors), v) : Values.index(0);
          Value unit = Values.mul(Values.add(Values.mul(block, unitVectors), unitVectors == 1 ? 0 : v), lanes);
          Value source = k.let("source", Values.add(
              Values.mul(i, shape.gateWidth()), Values.add(Values.mul(gate, shape.hidden), unit)));
          Value target = k.let("target", Values.mul(
              Values.add(Values.mul(Values.add(Values.mul(panel, shape.hidden), i), vectors), v), lanes));
          packVector(k, weights, source, k.let("unit", unit), packed, target);
        }
      });
    });
  }

  private void packVector(
      KernelBuilder k, Memory weights, Value source, Value unit, Memory packed, Value target) {
    if (padded == shape.hidden) {
      k.store(packed, target, Values.load(weights, source, lanes, false), true);
      return;
    }
    k.loop("lane", lanes, lane -> {
      Value inside = Values.less(Values.add(unit, lane), shape.hidden);
      k.when(
          inside,
          () -> k.store(packed, Values.add(target, lane), Values.load(weights, Values.add(source, lane))),
          () -> k.store(packed, Values.add(target, lane), Values.constant(shape.dtype, 0)));
    });
  }

  private Launch run() {
    LaunchBuilder k = new LaunchBuilder("recurrence_forward", shape.spec, site);
    Memory projected = k.input(0, "projected");
    Memory packed = panels(k, panelElements, Access.READ);
    Memory h0 = k.input(2, "h0");
    Memory extra = switch (shape.cell) {
      case PLAIN -> h0;
      case LSTM -> k.input(3, "c0");
      case GRU -> k.input(3, "bias");
    };
    Memory running = k.workspace(
        RUNNING, "running", shape.dtype, stateElements * (shape.cell == Cell.LSTM ? 3 : 2), Access.READ_WRITE);
    Memory states = k.output(0, "states");
    Memory cells = shape.cell == Cell.LSTM ? k.output(1, "cells") : states;
    Memory reserve = shape.reserved > 0 ? k.output(shape.outReserve, "reserve") : states;
    Memory products = k.array("products", shape.dtype, (long) rows * columns * lanes);
    return Tasks.launch(k, traits, tasks, task -> {
      Value first = firstRow(k, task);
      Value end = endRow(k, first);
      copyRows(k, h0, shape.hidden, running, padded, first, end, Values.index(0));
      if (shape.cell == Cell.LSTM) {
        copyRows(k, extra, shape.hidden, running, padded, first, end, Values.index(2 * stateElements));
      }
      k.loop("order", shape.steps, order -> {
        Value step = k.let("step", shape.step(order));
        Value from = k.let("from", Values.mul(Values.rem(order, 2), stateElements));
        Value to = k.let("to", Values.sub(Values.index(stateElements), from));
        k.loop("block", blocks, block -> tiles(k, first, end, (tile, last) -> {
          k.loop("part", panelsOfBlock, part -> multiply(k, running, from, packed, products, block, part, tile, last));
          Value count = rowsOfTask % rows == 0 && shape.batch % rowsOfTask == 0
              ? Values.index(rows)
              : k.let("count", Values.min(Values.sub(last, tile), Values.index(rows)));
          k.loop("r", Values.index(0), count, 1, r -> {
            Value row = k.let("row", Values.add(tile, r));
            Value at = k.let("at", shape.sequenceRow(step, row));
            for (int u = 0; u < unitVectors; u++) {
              Value unit0 = k.let("unit", Values.mul(Values.add(Values.mul(block, unitVectors), u), lanes));
              Value product0 = k.let("product", Values.mul(Values.add(Values.mul(r, columns), u), lanes));
              units(k, unit0, padded, (unit, n) -> {
                Value product = Values.add(product0, Values.sub(unit, unit0));
                pointwise(k, projected, extra, products, product, running, from, to, row, at, unit, n, states, cells,
                    reserve);
              });
            }
          });
        }));
      });
    });
  }

  private void multiply(
      KernelBuilder k, Memory running, Value from, Memory packed, Memory products, Value block, Value part,
      Value tile, Value end) {
    Value panel = k.let("panel", Values.mul(
        Values.add(Values.mul(block, panelsOfBlock), part), (long) shape.hidden * vectors * lanes));
    Value[] before = new Value[rows];
    for (int r = 0; r < rows; r++) {
      before[r] = k.let("before", Values.add(from, Values.mul(row(k, tile, r, end), padded)));
    }
    RegisterTile sums = RegisterTile.zeros(k, rows, vectors, vector);
    sums.multiply(
        Values.index(0),
        Values.index(shape.hidden),
        (r, i) -> Values.load(running, Values.add(before[r], i)),
        (v, i) -> Values.load(
            packed, Values.add(Values.add(panel, Values.mul(i, vectors * lanes)), v * lanes), lanes, true));
    sums.each((r, v, sum) -> k.store(
        products, Values.mul(Values.add(Values.mul(part, vectors), r * columns + v), lanes), sum, true));
  }

  private void pointwise(
      KernelBuilder k, Memory projected, Memory extra, Memory products, Value product, Memory running, Value from,
      Value to, Value row, Value at, Value unit, int n, Memory states, Memory cells, Memory reserve) {
    List<Value> p = new ArrayList<>();
    List<Value> u = new ArrayList<>();
    for (int g = 0; g < shape.gates; g++) {
      p.add(k.let("p", Values.load(projected, shape.element(at, shape.gates, g, unit), n, false)));
      Value sum = Values.load(products, Values.add(product, g * unitVectors * lanes), n, false);
      u.add(k.let("u", shape.cell != Cell.GRU
          ? sum
          : RecurrentCell.plus(
              sum, Values.load(extra, Values.add(unit, (long) g * shape.hidden), n, false))));
    }
    Value place = k.let("place", Values.add(Values.mul(row, padded), unit));
    Value cellPlace = Values.add(place, 2 * stateElements);
    Value before = switch (shape.cell) {
      case PLAIN -> p.get(0);
      case LSTM -> k.let("before", Values.load(running, cellPlace, n, false));
      case GRU -> k.let("before", Values.load(running, Values.add(place, from), n, false));
    };
    RecurrentCell.Step s = RecurrentCell.step(k, shape.cell, p, u, before);
    k.store(running, Values.add(place, to), s.state());
    Value element = k.let("element", shape.element(at, 1, 0, unit));
    k.store(states, element, s.state());
    if (shape.cell == Cell.LSTM) {
      k.store(running, cellPlace, s.cell());
      k.store(cells, element, s.cell());
    }
    for (int g = 0; g < shape.reserved; g++) {
      k.store(reserve, shape.element(at, shape.reserved, g, unit), s.reserve().get(g));
    }
  }
}
