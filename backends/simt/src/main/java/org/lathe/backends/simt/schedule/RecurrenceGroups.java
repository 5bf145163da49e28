package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.hal.spec.Recurrence.Form;

/**
 * Recurrences whose whole sequence is one launch on a GPU: each group takes a few batch rows through all steps, their
 * states in local memory, a work item for each unit. The weights come from the caches at each step, so this is for
 * weights that a cache holds. Backward, a launch before it transposes them, so that neighbours read neighbours.
 */
final class RecurrenceGroups {
  private static final int TRANSPOSED = 0;
  private static final int TRANSPOSING_GROUP = 64;

  private final RecurrenceShape shape;
  private final Site site;
  private final int rows;
  private final int items;
  private final int states;

  RecurrenceGroups(RecurrenceShape shape, Site site, Tuning tuning) {
    this.shape = shape;
    this.site = site;
    this.rows = tuning.get("rows");
    Traits traits = site.traits();
    this.items = Math.min(traits.maxGroup(), Math.ceilDiv(shape.hidden, traits.warp()) * traits.warp());
    this.states = rows * shape.hidden;
  }

  /** The local memory of a group of so many rows. */
  static long localBytes(Recurrence spec, int rows) {
    int arrays = spec.form() == Form.FORWARD ? 3 : 2 + spec.cell().gates();
    return arrays * rows * spec.hidden() * spec.dtype().bytes();
  }

  private String variant() {
    return "one launch, groups of " + items + " for " + rows + " rows";
  }

  private Launch launch(LaunchBuilder k) {
    return k.launch(Dims.of(Math.ceilDiv(shape.batch, rows), 1, 1), Dims.of(items, 1, 1));
  }

  private Value firstRow(LaunchBuilder k) {
    return k.let("first", Values.mul(Values.groupId(0), rows));
  }

  /** Does the body for each unit of this work item. */
  private void units(LaunchBuilder k, Consumer<Value> body) {
    k.loop("unit", Values.localId(0), Values.index(shape.hidden), items, body);
  }

  private interface RowBody {
    void write(int r, Value row);
  }

  /** Does the body for each of the group's rows that is there. */
  private void eachRow(LaunchBuilder k, Value first, RowBody body) {
    for (int r = 0; r < rows; r++) {
      int number = r;
      Value row = k.let("row", Values.add(first, r));
      if (shape.batch % rows == 0) {
        body.write(number, row);
      } else {
        k.when(Values.less(row, shape.batch), () -> body.write(number, row));
      }
    }
  }

  private Value zero() {
    return Values.constant(shape.dtype, 0);
  }

  /** Copies a state of the group's rows to local memory; rows that are not there are 0. */
  private void take(LaunchBuilder k, Value first, Memory source, Memory target) {
    k.loop("e", Values.localId(0), Values.index(states), items, e -> {
      Value row = k.let("row", Values.add(first, Values.div(e, shape.hidden)));
      Variable x = k.variable("x", zero());
      k.when(Values.less(row, shape.batch), () -> k.assign(
          x, Values.load(source, shape.element(row, 1, 0, Values.rem(e, shape.hidden)))));
      k.store(target, e, Values.read(x));
    });
  }

  private void clear(LaunchBuilder k, Memory target) {
    k.loop("e", Values.localId(0), Values.index(target.elements()), items, e -> k.store(target, e, zero()));
  }

  KernelPlan forward() {
    LaunchBuilder k = new LaunchBuilder("recurrence_forward", shape.spec, site);
    int gates = shape.gates;
    boolean lstm = shape.cell == Cell.LSTM;
    Memory projected = k.input(0, "projected");
    Memory weights = k.input(1, "weights");
    Memory h0 = k.input(2, "h0");
    Memory extra = switch (shape.cell) {
      case PLAIN -> h0;
      case LSTM -> k.input(3, "c0");
      case GRU -> k.input(3, "bias");
    };
    Memory statesOut = k.output(0, "states");
    Memory cells = lstm ? k.output(1, "cells") : statesOut;
    Memory reserve = shape.reserved > 0 ? k.output(shape.outReserve, "reserve") : statesOut;
    Memory state = k.local("state", shape.dtype, 2L * states);
    Memory cell = lstm ? k.local("cell", shape.dtype, states) : state;
    Value first = firstRow(k);
    take(k, first, h0, state);
    if (shape.batch % rows != 0) {
      k.loop("e", Values.add(Values.localId(0), states), Values.index(2L * states), items,
          e -> k.store(state, e, zero()));
    }
    if (lstm) {
      take(k, first, extra, cell);
    }
    k.barrier();
    k.loop("order", shape.steps, order -> {
      Value step = k.let("step", shape.step(order));
      Value from = k.let("from", Values.mul(Values.rem(order, 2), states));
      Value to = k.let("to", Values.sub(Values.index(states), from));
      units(k, unit -> {
        RegisterTile sums = RegisterTile.zeros(k, rows, gates, Type.of(shape.dtype));
        sums.multiply(
            Values.index(0), Values.index(shape.hidden),
            (r, i) -> Values.load(state, Values.add(Values.add(from, i), (long) r * shape.hidden)),
            (g, i) -> Values.load(weights, shape.element(i, gates, g, unit)));
        Value[][] products = new Value[rows][gates];
        sums.each((r, g, sum) -> products[r][g] = sum);
        eachRow(k, first, (r, row) -> {
          Value at = k.let("at", shape.sequenceRow(step, row));
          List<Value> p = new ArrayList<>();
          List<Value> u = new ArrayList<>();
          for (int g = 0; g < gates; g++) {
            p.add(k.let("p", Values.load(projected, shape.element(at, gates, g, unit))));
            u.add(shape.cell != Cell.GRU
                ? products[r][g]
                : k.let("u", RecurrentCell.plus(
                    products[r][g], Values.load(extra, Values.add(unit, (long) g * shape.hidden)))));
          }
          Value place = k.let("place", Values.add(unit, (long) r * shape.hidden));
          Value before = switch (shape.cell) {
            case PLAIN -> p.get(0);
            case LSTM -> k.let("before", Values.load(cell, place));
            case GRU -> k.let("before", Values.load(state, Values.add(place, from)));
          };
          RecurrentCell.Step s = RecurrentCell.step(k, shape.cell, p, u, before);
          k.store(state, Values.add(place, to), s.state());
          Value element = k.let("element", shape.element(at, 1, 0, unit));
          k.store(statesOut, element, s.state());
          if (lstm) {
            k.store(cell, place, s.cell());
            k.store(cells, element, s.cell());
          }
          for (int g = 0; g < shape.reserved; g++) {
            k.store(reserve, shape.element(at, shape.reserved, g, unit), s.reserve().get(g));
          }
        });
      });
      k.barrier();
    });
    return KernelPlan.of(variant(), launch(k));
  }

  private Launch transpose() {
    LaunchBuilder k = new LaunchBuilder("recurrence_transpose", shape.spec, site);
    Memory weights = k.input(0, "weights");
    long elements = (long) shape.hidden * shape.gateWidth();
    Memory transposed = k.workspace(TRANSPOSED, "transposed", shape.dtype, elements, Access.WRITE);
    long group = Math.min(TRANSPOSING_GROUP, site.traits().maxGroup());
    Value e = k.let("e", Values.globalId(0));
    k.when(Values.less(e, elements), () -> k.store(transposed, e, Values.load(weights, Values.add(
        Values.mul(Values.rem(e, shape.hidden), shape.gateWidth()), Values.div(e, shape.hidden)))));
    return k.launch(elements, group);
  }

  KernelPlan backward() {
    LaunchBuilder k = new LaunchBuilder("recurrence_backward", shape.spec, site);
    boolean lstm = shape.cell == Cell.LSTM;
    boolean gru = shape.cell == Cell.GRU;
    long elements = (long) shape.hidden * shape.gateWidth();
    Memory transposed = k.workspace(TRANSPOSED, "transposed", shape.dtype, elements, Access.READ);
    Memory h0 = gru ? k.input(1, "h0") : transposed;
    Memory sequence = lstm ? k.input(shape.inCells, "cells") : k.input(2, "states");
    Memory firstBefore = lstm ? k.input(3, "c0") : h0;
    Memory kept = shape.reserved > 0 ? k.input(shape.inReserve, "reserve") : transposed;
    Memory gradient = k.input(shape.inGradient, "d_states");
    Memory lastCell = lstm ? k.input(shape.inGradient + 1, "d_cell") : transposed;
    Memory projected = k.output(0, "d_projected");
    Memory recurrent = gru ? k.output(1, "d_recurrent") : projected;
    Memory h0Gradient = k.output(shape.outState, "d_h0");
    Memory c0Gradient = lstm ? k.output(shape.outState + 1, "d_c0") : h0Gradient;
    Memory state = k.local("state", shape.dtype, states);
    Memory cell = lstm ? k.local("cell", shape.dtype, states) : state;
    Memory gates = k.local("gates", shape.dtype, (long) states * shape.gates);
    Value first = firstRow(k);
    clear(k, state);
    clear(k, gates);
    if (lstm) {
      take(k, first, lastCell, cell);
    }
    k.barrier();
    k.loop("back", shape.steps, back -> {
      Value order = k.let("order", Values.sub(Values.index(shape.steps - 1), back));
      Value step = k.let("step", shape.step(order));
      Value stepBefore = k.let("step_before", shape.step(Values.max(Values.sub(order, 1), Values.index(0))));
      units(k, unit -> eachRow(k, first, (r, row) -> {
        Value place = k.let("place", Values.add(unit, (long) r * shape.hidden));
        Value at = k.let("at", shape.sequenceRow(step, row));
        Value element = k.let("element", shape.element(at, 1, 0, unit));
        Value dState = k.let("dh", RecurrentCell.plus(Values.load(state, place), Values.load(gradient, element)));
        List<Value> reserve = new ArrayList<>();
        for (int g = 0; g < shape.reserved; g++) {
          reserve.add(k.let("kept", Values.load(kept, shape.element(at, shape.reserved, g, unit))));
        }
        Value now = gru ? dState : k.let("now", Values.load(sequence, element));
        Variable before = k.variable("before", zero());
        if (shape.cell != Cell.PLAIN) {
          k.when(
              Values.atLeast(order, 1),
              () -> k.assign(before, Values.load(
                  sequence, shape.element(shape.sequenceRow(stepBefore, row), 1, 0, unit))),
              () -> k.assign(before, Values.load(firstBefore, shape.element(row, 1, 0, unit))));
        }
        Value dCell = lstm ? k.let("dc", Values.load(cell, place)) : dState;
        RecurrentCell.Gradients d = RecurrentCell.gradients(
            k, shape.cell, reserve, now, Values.read(before), dState, dCell);
        for (int g = 0; g < shape.gates; g++) {
          k.store(projected, shape.element(at, shape.gates, g, unit), d.projected().get(g));
          if (gru) {
            k.store(recurrent, shape.element(at, shape.gates, g, unit), d.recurrent().get(g));
          }
          k.store(gates, Values.add(unit, (long) (r * shape.gates + g) * shape.hidden), d.recurrent().get(g));
        }
        switch (shape.cell) {
          case PLAIN -> {}
          case LSTM -> k.store(cell, place, d.cellBefore());
          case GRU -> k.store(state, place, d.direct());
        }
      }));
      k.barrier();
      units(k, unit -> {
        RegisterTile sums = new RegisterTile(k, rows, 1, (r, v) -> gru
            ? Values.load(state, Values.add(unit, (long) r * shape.hidden))
            : zero());
        sums.multiply(
            Values.index(0), Values.index(shape.gateWidth()),
            (r, i) -> Values.load(gates, Values.add(i, (long) r * shape.gateWidth())),
            (v, i) -> Values.load(transposed, shape.element(i, 1, 0, unit)));
        sums.each((r, v, sum) -> k.store(state, Values.add(unit, (long) r * shape.hidden), sum));
      });
      k.barrier();
    });
    units(k, unit -> eachRow(k, first, (r, row) -> {
      Value place = k.let("place", Values.add(unit, (long) r * shape.hidden));
      k.store(h0Gradient, shape.element(row, 1, 0, unit), Values.load(state, place));
      if (lstm) {
        k.store(c0Gradient, shape.element(row, 1, 0, unit), Values.load(cell, place));
      }
    }));
    return new KernelPlan(
        variant(), List.of(transpose(), launch(k)), List.of(elements * shape.dtype.bytes()));
  }
}
