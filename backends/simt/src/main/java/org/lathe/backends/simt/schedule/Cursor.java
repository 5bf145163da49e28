package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * Where a work item stands in an iteration space: at a point, or at {@code lanes} points from there on along one
 * dimension.
 *
 * @param at the coordinates of the first point
 * @param along the dimension of the points; -1 where there is one only
 * @param from what is known of the coordinates of all points along that dimension: not below it
 * @param to all of them are below it
 */
record Cursor(Dims space, List<Value> at, int along, int lanes, long from, long to) {
  Cursor {
    at = List.copyOf(at);
  }

  static Cursor at(Dims space, List<Value> at) {
    return new Cursor(space, at, -1, 1, 0, 0);
  }

  /** At the same coordinates, but at {@code i} along {@code d} and with these lanes along it. */
  Cursor run(int d, Value i, int lanes) {
    return run(d, i, lanes, 0, space.get(d));
  }

  Cursor run(int d, Value i, int lanes, long from, long to) {
    return new Cursor(space, with(d, i), d, lanes, from, to);
  }

  /** At the same points, but at {@code i} along {@code d}. */
  Cursor moved(int d, Value i) {
    return new Cursor(space, with(d, i), along, lanes, from, to);
  }

  /** At the first of the points of {@code larger} that are at these coordinates of its first dimensions. */
  Cursor in(Dims larger) {
    List<Value> all = new ArrayList<>(at);
    while (all.size() < larger.rank()) {
      all.add(Values.index(0));
    }
    return new Cursor(larger, all, along, lanes, from, to);
  }

  private List<Value> with(int d, Value i) {
    List<Value> moved = new ArrayList<>(at);
    moved.set(d, i);
    return moved;
  }

  /** The coordinates; along {@link #along} with the points' lanes. */
  List<Value> coordinates() {
    return lanes == 1 ? at : with(along, Values.add(Values.splat(at.get(along), lanes), laneNumbers(at.get(along))));
  }

  private Value laneNumbers(Value like) {
    return Values.cast(Values.lanes(lanes), like.type().dtype());
  }

  /** Whether the points lie within the view's guard: all of them or none. A constant where that is known. */
  private Value inside(View view) {
    Value all = Values.bool(true);
    for (int d = 0; d < space.rank(); d++) {
      long low = view.low(d);
      long high = view.high(d, space.get(d));
      if (d == along) {
        if (high <= from || low >= to) {
          return Values.bool(false);
        }
        if (low <= from && high >= to) {
          continue;
        }
        if (lanes > 1) {
          throw new IllegalStateException("a vector across the guard of " + view);
        }
      }
      if (high <= low) {
        return Values.bool(false);
      }
      if (low > 0) {
        all = Values.and(all, Values.atLeast(at.get(d), low));
      }
      if (high < space.get(d)) {
        all = Values.and(all, Values.less(at.get(d), high));
      }
    }
    return all;
  }

  /** What the view reads here: a scalar where it is the same in all lanes. */
  Value read(KernelBuilder k, Memory memory, View view) {
    View.Guard guard = view.guard();
    if (guard == null) {
      return k.let("x", load(k, memory, view));
    }
    Value outside = Accesses.outside(view.dtype(), guard.outside());
    Value inside = inside(view);
    if (inside instanceof Value.Constant c) {
      return k.let("x", c.bits() != 0 ? load(k, memory, view) : outside);
    }
    Value load = load(k, memory, view);
    Variable x = k.variable("x", Values.splat(outside, load.type().lanes()));
    k.when(inside, () -> k.assign(x, load));
    return Values.read(x);
  }

  private Value load(KernelBuilder k, Memory memory, View view) {
    Value element = Accesses.element(view, at, space);
    long stride = lanes == 1 ? 0 : view.strides().get(along);
    if (stride == 0) {
      return Values.load(memory, element);
    }
    if (stride == 1) {
      return Values.load(memory, element, lanes, false);
    }
    Value first = k.let("e", element);
    return Values.join(
        IntStream.range(0, lanes).mapToObj(l -> Values.load(memory, Values.add(first, l * stride))).toList());
  }

  void write(KernelBuilder k, Memory memory, View view, Value value) {
    Value element = Accesses.element(view, at, space);
    if (lanes == 1) {
      k.store(memory, element, value);
    } else if (view.strides().get(along) == 1) {
      k.store(memory, element, Values.splat(value, lanes));
    } else {
      Value v = k.let("y", Values.splat(value, lanes));
      Value first = k.let("e", element);
      for (int l = 0; l < lanes; l++) {
        k.store(memory, Values.add(first, l * view.strides().get(along)), Values.lane(v, l));
      }
    }
  }

  /** What all of these views read. */
  List<Value> readAll(KernelBuilder k, List<? extends Memory> memories, List<View> views) {
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < views.size(); i++) {
      values.add(read(k, memories.get(i), views.get(i)));
    }
    return values;
  }

  void writeAll(KernelBuilder k, List<? extends Memory> memories, List<View> views, List<Value> values) {
    for (int j = 0; j < views.size(); j++) {
      write(k, memories.get(j), views.get(j), values.get(j));
    }
  }

  /** The dtype in which indices of the space are counted. */
  static DType counter(Dims space) {
    return space.product() > Integer.MAX_VALUE ? DType.I64 : DType.I32;
  }
}
