package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Kind;
import org.lathe.hal.spec.View;

/** The windows of a pooling over its data: one, or a vector of those side by side. */
final class Windows {
  private final KernelBuilder k;
  private final Pooling p;
  final DType compute;
  final View data;
  final View result;
  /** Whether they cover the data side by side. */
  final boolean tiles;
  /** The first window of a row that begins within it, and one more than the last that ends within it. */
  private final long first;
  private final long end;

  Windows(KernelBuilder k, Pooling p) {
    this.k = k;
    this.p = p;
    compute = p.dtype().compute();
    data = View.dense(p.dtype(), p.dataShape());
    result = View.dense(p.dtype(), p.resultShape());
    tiles = p.padY() == 0 && p.padX() == 0 && p.windowHeight() == p.strideY() && p.windowWidth() == p.strideX()
        && p.outHeight() * p.strideY() == p.height() && p.outWidth() * p.strideX() == p.width();
    first = Math.min(Math.ceilDiv(p.padX(), p.strideX()), p.outWidth());
    long last = Math.floorDiv(p.width() + p.padX() - p.windowWidth(), p.strideX());
    end = Math.clamp(last + 1, first, p.outWidth());
  }

  /** A view over the results that is guarded where windows reach beyond a row of the data. */
  View cut() {
    Dims shape = p.resultShape();
    View.Guard guard = new View.Guard(Dims.of(0, 0, 0, first), shape.with(3, end), 0);
    return new View(p.dtype(), 0, Dims.of(0, 0, 0, 0), guard);
  }

  /** Whether no window at these results reaches beyond a row of the data. */
  private boolean isWithinRow(Cursor results) {
    return results.lanes() > 1 ? results.from() >= first && results.to() <= end : tiles;
  }

  /** What the body gives at these results: as a vector where all windows lie within their row, else one after the other. */
  Value at(Cursor results, Function<Cursor, Value> body) {
    if (results.lanes() == 1 || isWithinRow(results)) {
      return body.apply(results);
    }
    List<Value> parts = new ArrayList<>();
    each(results, one -> parts.add(k.let("one", body.apply(one))));
    return Values.join(parts);
  }

  /** Visits these results, as a vector where all windows lie within their row. */
  void visit(Cursor results, Consumer<Cursor> body) {
    if (results.lanes() == 1 || isWithinRow(results)) {
      body.accept(results);
    } else {
      each(results, body);
    }
  }

  private void each(Cursor results, Consumer<Cursor> body) {
    for (int l = 0; l < results.lanes(); l++) {
      List<Value> at = new ArrayList<>(results.at());
      at.set(3, Values.add(at.get(3), l));
      body.accept(Cursor.at(p.resultShape(), at));
    }
  }

  interface Element {
    /** The element at column {@code x} and row {@code y} of the picture; of a vector that of the first window. */
    void at(Value y, Value x);
  }

  /** Visits the elements of the windows at these results that lie in the data, in row-major order. */
  void elements(Cursor results, Element body) {
    boolean withinRow = isWithinRow(results);
    Value oy = results.at().get(2);
    Value ox = results.at().get(3);
    k.loop("dy", p.windowHeight(), dy -> {
      Value y = k.let("y", Values.sub(Values.add(Values.mul(oy, p.strideY()), dy), p.padY()));
      k.when(tiles ? Values.bool(true) : within(y, p.height()), () -> k.loop("dx", p.windowWidth(), dx -> {
        Value x = k.let("x", Values.sub(Values.add(Values.mul(ox, p.strideX()), dx), p.padX()));
        k.when(withinRow ? Values.bool(true) : within(x, p.width()), () -> body.at(y, x));
      }));
    });
  }

  private static Value within(Value i, long size) {
    return Values.and(Values.atLeast(i, 0), Values.less(i, size));
  }

  /** The element of each window that is at (y, x) in the first. */
  Value load(Memory memory, Cursor results, Value y, Value x) {
    List<Value> at = new ArrayList<>(results.at());
    at.set(2, y);
    at.set(3, x);
    Value element = k.let("e", Accesses.element(data, at, p.dataShape()));
    int lanes = results.lanes();
    long stride = p.strideX();
    if (lanes == 1 || stride == 1) {
      return k.let("x", Values.load(memory, element, lanes, false));
    }
    List<Value> parts = new ArrayList<>();
    if (stride == 2) {
      // The second of two vectors ends with the last element needed, so that nothing beyond it is read.
      Value low = k.let("low", Values.load(memory, element, lanes, false));
      Value high = k.let("high", Values.load(memory, Values.add(element, lanes - 1L), lanes, false));
      for (int l = 0; l < lanes; l++) {
        parts.add(2 * l < lanes ? Values.lane(low, 2 * l) : Values.lane(high, 2 * l - (lanes - 1)));
      }
    } else {
      for (int l = 0; l < lanes; l++) {
        parts.add(Values.load(memory, Values.add(element, l * stride)));
      }
    }
    return k.let("x", Values.join(parts));
  }

  /** The elements inside of the data, by which a mean divides; at least 1. Of one window, or of whole ones. */
  private Value count(Cursor results) {
    if (p.countPadding() || tiles) {
      return Values.constant(compute, Math.max(1, p.windowHeight() * p.windowWidth()));
    }
    Value rows = inside(results.at().get(2), p.strideY(), p.padY(), p.windowHeight(), p.height());
    Value columns = isWithinRow(results)
        ? Values.index(p.windowWidth())
        : inside(results.at().get(3), p.strideX(), p.padX(), p.windowWidth(), p.width());
    return k.let("count", Values.cast(Values.max(Values.mul(rows, columns), Values.index(1)), compute));
  }

  private static Value inside(Value o, long stride, long pad, long window, long size) {
    Value from = Values.sub(Values.mul(o, stride), pad);
    Value to = Values.min(Values.add(from, window), Values.index(size));
    return Values.max(Values.sub(to, Values.max(from, Values.index(0))), Values.index(0));
  }

  Value mean(Memory memory, Cursor results) {
    Variable sum = k.variable("sum", zero(results.lanes()));
    elements(results, (y, x) -> k.assign(
        sum, Values.binary(BinaryOp.ADD, Values.read(sum), load(memory, results, y, x))));
    return Values.binary(BinaryOp.DIV, Values.read(sum), count(results));
  }

  /** What an element of these windows gets of the mean's gradient {@code g}. */
  Value share(Value g, Cursor results) {
    return k.let("share", Values.splat(Values.binary(BinaryOp.DIV, g, count(results)), results.lanes()));
  }

  Value maximum(Memory memory, Cursor results) {
    Maximum max = new Maximum(results.lanes(), false);
    elements(results, (y, x) -> max.take(load(memory, results, y, x)));
    return Values.read(max.value);
  }

  /** Of {@code other} the element where {@code memory} has its maximum. */
  Value picked(Memory memory, Memory other, Cursor results) {
    Maximum max = new Maximum(results.lanes(), true);
    Variable picked = k.variable("picked", zero(results.lanes()));
    elements(results, (y, x) -> {
      Value better = max.take(load(memory, results, y, x));
      k.assign(picked, Values.select(better, load(other, results, y, x), Values.read(picked)));
    });
    return Values.read(picked);
  }

  interface Place {
    /** An i32 that tells the element at (y, x) from the others; of a vector in each lane its own. */
    Value of(Value y, Value x);
  }

  /** The place of the maximum, {@code none} of an empty window. */
  Value argument(Memory memory, Cursor results, Value none, Place place) {
    // Tiles have a first element, which is then the maximum of those that equal -inf: its place is none.
    Maximum max = new Maximum(results.lanes(), !tiles);
    Variable chosen = k.variable("chosen", Values.splat(none, results.lanes()));
    elements(results, (y, x) -> {
      Value better = max.take(load(memory, results, y, x));
      k.assign(chosen, Values.select(better, place.of(y, x), Values.read(chosen)));
    });
    return Values.read(chosen);
  }

  private Value zero(int lanes) {
    return Values.splat(Values.constant(compute, 0), lanes);
  }

  /** The first maximum of a window, or its first NaN, in each lane. */
  private final class Maximum {
    private final Variable value;
    /** Whether an element was taken, which matters if all of them are -inf. */
    private final @Nullable Variable any;

    Maximum(int lanes, boolean tells) {
      value = k.variable("max", Values.splat(Values.constant(compute, Double.NEGATIVE_INFINITY), lanes));
      any = tells ? k.variable("any", Values.splat(Values.bool(false), lanes)) : null;
    }

    /** Whether this element is the maximum so far. */
    Value take(Value x) {
      Value max = Values.read(value);
      Value beyond = Values.binary(BinaryOp.AND, Values.binary(BinaryOp.EQ, max, max),
          Values.unary(UnaryOp.NOT, Values.binary(BinaryOp.LE, x, max)));
      Value better = k.let("better",
          any == null ? beyond : Values.binary(BinaryOp.OR, beyond, Values.unary(UnaryOp.NOT, Values.read(any))));
      k.assign(value, Values.select(better, x, max));
      if (any != null) {
        k.assign(any, Values.splat(Values.bool(true), any.type().lanes()));
      }
      return better;
    }
  }

  boolean isMaximum() {
    return p.kind() == Kind.MAX;
  }
}
