package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Parameter.Scalar;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Recurrence.Cell;
import org.lathe.hal.spec.Recurrence.Form;

/**
 * Recurrences as one launch for each step, of one kernel with other numbers: groups share out the rows and units, and all
 * of a step is there before the next begins. A work item has one unit, with all of its gates, of some rows; the group
 * takes states and weights through local memory, some of the product's depth at a time.
 *
 * <p>Backward, a launch multiplies the gates' gradients of the step after, and goes on with the pointwise part of its own
 * step: one launch more than there are steps, as the first has nothing to multiply and the last only that.
 */
final class RecurrenceSteps {
  /** How deep the tiles in local memory are at most. */
  private static final int MOST_DEPTH = 32;
  static final int UNITS = 16;
  private static final int RUNNING = 0;

  private final RecurrenceShape shape;
  private final Site site;
  private final Type type;
  /** Rows of a work item, and work items of a group along the rows. */
  private final int rows;
  private final int rowItems;
  private final int depth;

  RecurrenceSteps(RecurrenceShape shape, Site site, Tuning tuning) {
    this.shape = shape;
    this.site = site;
    this.type = Type.of(shape.dtype);
    this.rows = tuning.get("rows");
    this.rowItems = tuning.get("items");
    int deep = MOST_DEPTH;
    while (deep > 1 && localBytes(shape.spec, rows * rowItems, deep) > site.traits().localBytes()) {
      deep /= 2;
    }
    this.depth = deep;
  }

  /** The local memory of a group. */
  static long localBytes(Recurrence spec, int tileRows, int depth) {
    long weights = spec.form() == Form.FORWARD ? (long) depth * spec.cell().gates() * UNITS : UNITS * (depth + 1L);
    return (tileRows * (depth + 1L) + weights) * spec.dtype().bytes();
  }

  /** The rows of a group. */
  private int tileRows() {
    return rows * rowItems;
  }

  private String variant() {
    return "a launch a step, groups of " + UNITS + " units by " + tileRows() + " rows";
  }

  /** The launch of all groups. */
  private Launch launch(LaunchBuilder k) {
    return k.launch(
        Dims.of(Math.ceilDiv(shape.hidden, UNITS), Math.ceilDiv(shape.batch, tileRows()), 1),
        Dims.of(UNITS, rowItems, 1));
  }

  private static Launch with(Launch launch, int firstNumber, long... numbers) {
    List<Argument> arguments = new ArrayList<>(launch.arguments());
    for (int i = 0; i < numbers.length; i++) {
      arguments.set(firstNumber + i, new Argument.Number(numbers[i]));
    }
    return new Launch(launch.kernel(), launch.global(), arguments);
  }

  private Value unit(KernelBuilder k) {
    return k.let("unit", Values.add(Values.mul(Values.groupId(0), UNITS), Values.localId(0)));
  }

  /** Row {@code r} of this work item; a group's rows are dealt out in turn. */
  private Value row(KernelBuilder k, int r) {
    return k.let("row", Values.add(
        Values.add(Values.mul(Values.groupId(1), tileRows()), Values.localId(1)), (long) r * rowItems));
  }

  /** Does something for each element of an array of local memory, each work item for a part of them. */
  private void fill(KernelBuilder k, int elements, Filling filling) {
    int items = UNITS * rowItems;
    Value item = k.let("item", Values.add(Values.mul(Values.localId(1), UNITS), Values.localId(0)));
    k.loop("e", item, Values.index(elements), items, e -> filling.fill(e));
  }

  private interface Filling {
    void fill(Value element);
  }

  private void put(KernelBuilder k, Memory tile, Value place, Value inside, Supplier<Value> value) {
    Variable x = k.variable("x", Values.constant(shape.dtype, 0));
    k.when(inside, () -> k.assign(x, value.get()));
    k.store(tile, place, Values.read(x));
  }

  KernelPlan forward() {
    LaunchBuilder k = new LaunchBuilder("recurrence_step", shape.spec, site);
    Scalar stepNumber = k.number("step", DType.I32, 0);
    Scalar beforeNumber = k.number("before", DType.I32, 0);
    Memory projected = k.input(0, "projected");
    Memory weights = k.input(1, "weights");
    Memory h0 = k.input(2, "h0");
    Memory extra = switch (shape.cell) {
      case PLAIN -> h0;
      case LSTM -> k.input(3, "c0");
      case GRU -> k.input(3, "bias");
    };
    Memory states = k.output(0, "states", Access.READ_WRITE);
    Memory cells = shape.cell == Cell.LSTM ? k.output(1, "cells", Access.READ_WRITE) : states;
    Memory reserve = shape.reserved > 0 ? k.output(shape.outReserve, "reserve") : states;
    int gates = shape.gates;
    Memory stateTile = k.local("state_tile", shape.dtype, (long) tileRows() * (depth + 1));
    Memory weightTile = k.local("weight_tile", shape.dtype, (long) depth * gates * UNITS);
    Value step = Values.argument(stepNumber);
    Value before = Values.argument(beforeNumber);
    Value isFirst = Values.less(before, 0);
    Value unit = unit(k);
    Variable[][] sums = zeros(k, rows, gates);
    Value firstRow = k.let("first_row", Values.mul(Values.groupId(1), tileRows()));
    Value firstUnit = k.let("first_unit", Values.mul(Values.groupId(0), UNITS));
    k.loop("depth", Values.index(0), Values.index(shape.hidden), depth, start -> {
      fill(k, tileRows() * depth, e -> {
        Value r = k.let("r", Values.div(e, depth));
        Value i = k.let("i", Values.rem(e, depth));
        Value row = k.let("row", Values.add(firstRow, r));
        Value column = k.let("column", Values.add(start, i));
        put(k, stateTile, Values.add(Values.mul(r, depth + 1), i), inside(row, column),
            () -> stateBefore(k, isFirst, h0, states, before, row, column));
      });
      fill(k, depth * gates * UNITS, e -> {
        Value i = k.let("i", Values.div(e, gates * UNITS));
        Value g = k.let("g", Values.rem(Values.div(e, UNITS), gates));
        Value column = k.let("column", Values.add(firstUnit, Values.rem(e, UNITS)));
        Value deep = k.let("deep", Values.add(start, i));
        put(k, weightTile, e,
            Values.and(Values.less(deep, shape.hidden), Values.less(column, shape.hidden)),
            () -> Values.load(weights, Values.add(
                Values.mul(deep, shape.gateWidth()), Values.add(Values.mul(g, shape.hidden), column))));
      });
      k.barrier();
      k.loop("i", depth, i -> {
        Value[] w = new Value[gates];
        for (int g = 0; g < gates; g++) {
          w[g] = k.let("w", Values.load(weightTile, Values.add(
              Values.add(Values.mul(i, gates * UNITS), Values.localId(0)), g * UNITS)));
        }
        multiply(k, sums, stateTile, i, w);
      });
      k.barrier();
    });
    for (int r = 0; r < rows; r++) {
      Value row = row(k, r);
      Variable[] sum = sums[r];
      k.when(inside(row, unit), () -> {
        Value at = k.let("at", shape.sequenceRow(step, row));
        List<Value> p = new ArrayList<>();
        List<Value> u = new ArrayList<>();
        for (int g = 0; g < gates; g++) {
          p.add(k.let("p", Values.load(projected, shape.element(at, gates, g, unit))));
          u.add(shape.cell != Cell.GRU
              ? Values.read(sum[g])
              : k.let("u", RecurrentCell.plus(
                  Values.read(sum[g]), Values.load(extra, Values.add(unit, (long) g * shape.hidden)))));
        }
        Value last = switch (shape.cell) {
          case PLAIN -> p.get(0);
          case LSTM -> k.let("last", stateBefore(k, isFirst, extra, cells, before, row, unit));
          case GRU -> k.let("last", stateBefore(k, isFirst, h0, states, before, row, unit));
        };
        RecurrentCell.Step s = RecurrentCell.step(k, shape.cell, p, u, last);
        Value element = k.let("element", shape.element(at, 1, 0, unit));
        k.store(states, element, s.state());
        if (shape.cell == Cell.LSTM) {
          k.store(cells, element, s.cell());
        }
        for (int g = 0; g < shape.reserved; g++) {
          k.store(reserve, shape.element(at, shape.reserved, g, unit), s.reserve().get(g));
        }
      });
    }
    Launch any = launch(k);
    List<Launch> launches = new ArrayList<>();
    for (int s = 0; s < shape.steps; s++) {
      launches.add(with(any, 0, shape.step(s), s == 0 ? -1 : shape.step(s - 1)));
    }
    return new KernelPlan(variant(), launches, List.of());
  }

  private Variable[][] zeros(KernelBuilder k, int rows, int columns) {
    Variable[][] sums = new Variable[rows][columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        sums[r][c] = k.variable("s", Values.constant(shape.dtype, 0));
      }
    }
    return sums;
  }

  /** Adds the products of one depth: of this work item's rows of a tile with the weights of its unit. */
  private void multiply(KernelBuilder k, Variable[][] sums, Memory tile, Value i, Value[] w) {
    for (int r = 0; r < rows; r++) {
      Value x = k.let("x", Values.load(tile, Values.add(
          Values.add(Values.mul(Values.localId(1), depth + 1), i), (long) r * rowItems * (depth + 1))));
      for (int g = 0; g < w.length; g++) {
        k.assign(sums[r][g], Values.mad(x, w[g], Values.read(sums[r][g])));
      }
    }
  }

  private Value inside(Value row, Value unit) {
    return Values.and(Values.less(row, shape.batch), Values.less(unit, shape.hidden));
  }

  /** The state or cell before a step: of the sequence, or the first one. */
  private Value stateBefore(
      KernelBuilder k, Value isFirst, Memory first, Memory sequence, Value before, Value row, Value unit) {
    Variable x = k.variable("before", Values.constant(shape.dtype, 0));
    k.when(
        isFirst,
        () -> k.assign(x, Values.load(first, shape.element(row, 1, 0, unit))),
        () -> k.assign(x, Values.load(sequence, shape.element(shape.sequenceRow(before, row), 1, 0, unit))));
    return Values.read(x);
  }

  KernelPlan backward() {
    LaunchBuilder k = new LaunchBuilder("recurrence_step_backward", shape.spec, site);
    boolean lstm = shape.cell == Cell.LSTM;
    boolean gru = shape.cell == Cell.GRU;
    long stateElements = (long) shape.batch * shape.hidden;
    Scalar afterNumber = k.number("after", DType.I32, 0);
    Scalar depthNumber = k.number("width", DType.I32, 0);
    Scalar stepNumber = k.number("step", DType.I32, 0);
    Scalar beforeNumber = k.number("before", DType.I32, 0);
    Memory weights = k.input(0, "weights");
    Memory h0 = gru ? k.input(1, "h0") : weights;
    Memory states = lstm ? weights : k.input(2, "states");
    Memory c0 = lstm ? k.input(3, "c0") : weights;
    Memory cells = lstm ? k.input(shape.inCells, "cells") : weights;
    Memory kept = shape.reserved > 0 ? k.input(shape.inReserve, "reserve") : weights;
    Memory gradient = k.input(shape.inGradient, "d_states");
    Memory lastCell = lstm ? k.input(shape.inGradient + 1, "d_cell") : weights;
    Memory running = shape.cell == Cell.PLAIN
        ? weights
        : k.workspace(RUNNING, "running", shape.dtype, stateElements, Access.READ_WRITE);
    Memory projected = k.output(0, "d_projected", gru ? Access.WRITE : Access.READ_WRITE);
    Memory recurrent = gru ? k.output(1, "d_recurrent", Access.READ_WRITE) : projected;
    Memory h0Gradient = k.output(shape.outState, "d_h0");
    Memory c0Gradient = lstm ? k.output(shape.outState + 1, "d_c0") : h0Gradient;
    Memory gateTile = k.local("gate_tile", shape.dtype, (long) tileRows() * (depth + 1));
    Memory weightTile = k.local("weight_tile", shape.dtype, (long) UNITS * (depth + 1));
    Value after = Values.argument(afterNumber);
    Value width = Values.argument(depthNumber);
    Value step = Values.argument(stepNumber);
    Value before = Values.argument(beforeNumber);
    Value unit = unit(k);
    Value firstRow = k.let("first_row", Values.mul(Values.groupId(1), tileRows()));
    Value firstUnit = k.let("first_unit", Values.mul(Values.groupId(0), UNITS));
    Variable[][] sums = zeros(k, rows, 1);
    k.loop("depth", Values.index(0), width, depth, start -> {
      fill(k, tileRows() * depth, e -> {
        Value r = k.let("r", Values.div(e, depth));
        Value i = k.let("i", Values.rem(e, depth));
        Value row = k.let("row", Values.add(firstRow, r));
        Value column = k.let("column", Values.add(start, i));
        put(k, gateTile, Values.add(Values.mul(r, depth + 1), i),
            Values.and(Values.less(row, shape.batch), Values.less(column, shape.gateWidth())),
            () -> Values.load(recurrent, shape.element(shape.sequenceRow(after, row), shape.gates, 0, column)));
      });
      fill(k, UNITS * depth, e -> {
        Value u = k.let("u", Values.div(e, depth));
        Value i = k.let("i", Values.rem(e, depth));
        Value target = k.let("target", Values.add(firstUnit, u));
        Value column = k.let("column", Values.add(start, i));
        put(k, weightTile, Values.add(Values.mul(u, depth + 1), i),
            Values.and(Values.less(target, shape.hidden), Values.less(column, shape.gateWidth())),
            () -> Values.load(weights, Values.add(Values.mul(target, shape.gateWidth()), column)));
      });
      k.barrier();
      k.loop("i", depth, i -> multiply(k, sums, gateTile, i, new Value[]{
          k.let("w", Values.load(weightTile, Values.add(Values.mul(Values.localId(0), depth + 1), i)))}));
      k.barrier();
    });
    Value hasProduct = Values.less(Values.index(0), width);
    for (int r = 0; r < rows; r++) {
      Value row = row(k, r);
      Variable sum = sums[r][0];
      k.when(inside(row, unit), () -> {
        Value place = k.let("place", shape.element(row, 1, 0, unit));
        if (gru) {
          k.when(hasProduct, () -> k.assign(sum, RecurrentCell.plus(Values.read(sum), Values.load(running, place))));
        }
        Variable dCell = sum;
        if (lstm) {
          dCell = k.variable("dc", Values.load(lastCell, place));
          Variable dc = dCell;
          k.when(hasProduct, () -> k.assign(dc, Values.load(running, place)));
        }
        Value dc = Values.read(dCell);
        k.when(Values.atLeast(step, 0), () -> {
          Value at = k.let("at", shape.sequenceRow(step, row));
          Value element = k.let("element", shape.element(at, 1, 0, unit));
          Value dState = k.let("dh", RecurrentCell.plus(Values.read(sum), Values.load(gradient, element)));
          List<Value> reserve = new ArrayList<>();
          for (int g = 0; g < shape.reserved; g++) {
            reserve.add(k.let("kept", Values.load(kept, shape.element(at, shape.reserved, g, unit))));
          }
          Value isFirst = Values.less(before, 0);
          Value now = switch (shape.cell) {
            case PLAIN -> k.let("now", Values.load(states, element));
            case LSTM -> k.let("now", Values.load(cells, element));
            case GRU -> dState;
          };
          Value last = switch (shape.cell) {
            case PLAIN -> dState;
            case LSTM -> stateBefore(k, isFirst, c0, cells, before, row, unit);
            case GRU -> stateBefore(k, isFirst, h0, states, before, row, unit);
          };
          RecurrentCell.Gradients d = RecurrentCell.gradients(k, shape.cell, reserve, now, last, dState, dc);
          for (int g = 0; g < shape.gates; g++) {
            k.store(projected, shape.element(at, shape.gates, g, unit), d.projected().get(g));
            if (gru) {
              k.store(recurrent, shape.element(at, shape.gates, g, unit), d.recurrent().get(g));
            }
          }
          switch (shape.cell) {
            case PLAIN -> {}
            case LSTM -> k.store(running, place, d.cellBefore());
            case GRU -> k.store(running, place, d.direct());
          }
        }, () -> {
          k.store(h0Gradient, place, Values.read(sum));
          if (lstm) {
            k.store(c0Gradient, place, dc);
          }
        });
      });
    }
    Launch any = launch(k);
    List<Launch> launches = new ArrayList<>();
    for (int s = shape.steps - 1; s >= -1; s--) {
      boolean first = s == shape.steps - 1;
      launches.add(with(
          any, 0, first ? 0 : shape.step(s + 1), first ? 0 : shape.gateWidth(), s < 0 ? -1 : shape.step(s),
          s < 1 ? -1 : shape.step(s - 1)));
    }
    return new KernelPlan(
        variant(), launches,
        shape.cell == Cell.PLAIN ? List.of() : List.of(stateElements * shape.dtype.bytes()));
  }
}
