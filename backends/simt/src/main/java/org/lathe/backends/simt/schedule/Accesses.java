package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/** Views as index arithmetic. */
final class Accesses {
  private Accesses() {}

  /** The element that the view touches at these coordinates: i32 where no intermediate sum over the space can overflow it. */
  static Value element(View view, List<Value> coordinates, Dims space) {
    boolean wide = reach(view, space) > Integer.MAX_VALUE;
    Value sum = Values.index(0);
    for (int d = 0; d < space.rank(); d++) {
      if (view.strides().get(d) != 0 && space.get(d) != 1) {
        Value c = wide ? Values.cast(coordinates.get(d), DType.I64) : coordinates.get(d);
        sum = Values.add(sum, Values.mul(c, view.strides().get(d)));
      }
    }
    return Values.add(sum, view.offset());
  }

  private static long reach(View view, Dims space) {
    long reach = Math.abs(view.offset());
    for (int d = 0; d < space.rank(); d++) {
      reach = Math.addExact(
          reach, Math.multiplyExact(Math.max(0, space.get(d) - 1), Math.abs(view.strides().get(d))));
    }
    return reach;
  }

  /** Whether the coordinates lie within the view's guard: a constant where that is known. */
  static Value inside(View view, List<Value> coordinates, Dims space) {
    Value all = Values.bool(true);
    for (int d = 0; d < space.rank(); d++) {
      if (view.low(d) > 0) {
        all = Values.and(all, Values.atLeast(coordinates.get(d), view.low(d)));
      }
      if (view.high(d, space.get(d)) < space.get(d)) {
        all = Values.and(all, Values.less(coordinates.get(d), view.high(d, space.get(d))));
      }
    }
    return all;
  }

  /** What the view reads at these coordinates: outside of its guard, the guard's value. */
  static Value read(KernelBuilder k, Memory memory, View view, List<Value> coordinates, Dims space) {
    Value element = Values.load(memory, element(view, coordinates, space));
    View.Guard guard = view.guard();
    if (guard == null) {
      return k.let("x", element);
    }
    Variable x = k.variable("x", outside(view.dtype(), guard.outside()));
    k.when(inside(view, coordinates, space), () -> k.assign(x, element));
    return Values.read(x);
  }

  /** The guard's value as a device reads it: half types widen, integers and bools keep what fits. */
  static Value outside(DType dtype, double value) {
    return switch (dtype) {
      case BOOL -> Values.bool(value != 0);
      case F16, BF16 -> Halves.round(Values.constant((float) value), dtype);
      default -> Values.constant(dtype, value);
    };
  }

  static void write(
      KernelBuilder k, Memory memory, View view, List<Value> coordinates, Dims space, Value value) {
    k.store(memory, element(view, coordinates, space), value);
  }

  /** The coordinates of point {@code linear} of the space in row-major order. */
  static List<Value> coordinates(KernelBuilder k, Value linear, Dims space) {
    List<Value> coordinates = new ArrayList<>();
    Value rest = linear;
    for (int d = space.rank() - 1; d >= 0; d--) {
      long size = space.get(d);
      if (size == 1) {
        coordinates.addFirst(Values.index(0));
      } else if (isLast(space, d)) {
        coordinates.addFirst(k.let("i" + d, rest));
      } else {
        coordinates.addFirst(k.let("i" + d, Values.rem(rest, size)));
        rest = k.let("r" + d, Values.div(rest, size));
      }
    }
    return coordinates;
  }

  /** Whether all dimensions before {@code d} have one point. */
  private static boolean isLast(Dims space, int d) {
    for (int e = 0; e < d; e++) {
      if (space.get(e) != 1) {
        return false;
      }
    }
    return true;
  }

  /** The number of a work item of a one-dimensional range of {@code items}, wide where i32 does not hold it. */
  static Value item(KernelBuilder k, long items, long local) {
    if (items <= Integer.MAX_VALUE - local) {
      return k.let("item", Values.globalId(0));
    }
    return k.let(
        "item",
        Values.add(
            Values.mul(Values.cast(Values.groupId(0), DType.I64), Values.cast(Values.index(local), DType.I64)),
            Values.localId(0)));
  }

  /** Unit {@code inGroup} of {@code perGroup} of this group, wide where i32 does not hold it. */
  static Value unit(KernelBuilder k, long groups, long perGroup, Value inGroup) {
    boolean wide = Math.multiplyExact(groups, perGroup) > Integer.MAX_VALUE;
    Value group = wide ? Values.cast(Values.groupId(0), DType.I64) : Values.groupId(0);
    return k.let("unit", Values.add(Values.mul(group, perGroup), inGroup));
  }

  static Type compute(View view) {
    return Type.of(view.dtype().compute());
  }
}
