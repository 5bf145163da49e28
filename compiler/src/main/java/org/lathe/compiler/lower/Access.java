package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.AccessMap;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * Which element of a value is needed at each point of a kernel's iteration space.
 *
 * <p>Each coordinate is affine in the point, or null where a reshape made it otherwise (a quotient or a remainder). The
 * row-major position of the element may still be affine then, which is all that dense memory needs. Outside of the guard,
 * a box in the space, no element is needed: the value is the guard's. Dimensions of size 1 are kept out of all positions,
 * so that equal accesses are equal objects.
 *
 * @param space the iteration space
 * @param shape the value's shape
 * @param coordinates one for each dimension of {@code shape}
 * @param position row-major within {@code shape}, null if it is not affine
 */
record Access(
    Dims space, Dims shape, List<@Nullable Affine> coordinates, @Nullable Affine position, View.@Nullable Guard guard) {

  /** Every element of a value of shape {@code space} at its own point. */
  static Access identity(Dims space) {
    List<@Nullable Affine> coordinates = new ArrayList<>();
    for (int d = 0; d < space.rank(); d++) {
      coordinates.add(Affine.along(space.rank(), d));
    }
    return of(space, space, coordinates, null);
  }

  /** From coordinates alone. */
  static Access of(Dims space, Dims shape, List<? extends @Nullable Affine> coordinates, View.@Nullable Guard guard) {
    return of(space, shape, coordinates, null, guard);
  }

  private static Access of(
      Dims space,
      Dims shape,
      List<? extends @Nullable Affine> given,
      @Nullable Affine knownPosition,
      View.@Nullable Guard guard) {
    List<@Nullable Affine> coordinates = new ArrayList<>();
    Affine sum = Affine.constant(space.rank(), 0);
    boolean affine = true;
    Dims strides = shape.rowMajorStrides();
    for (int j = 0; j < shape.rank(); j++) {
      Affine c = shape.get(j) == 1 ? Affine.constant(space.rank(), 0) : canonical(space, given.get(j));
      coordinates.add(c);
      if (c == null) {
        affine = false;
      } else {
        sum = sum.plus(c.times(strides.get(j)));
      }
    }
    Affine position = affine ? sum : canonical(space, knownPosition);
    return new Access(space, shape, Collections.unmodifiableList(coordinates), position, guard);
  }

  private static @Nullable Affine canonical(Dims space, @Nullable Affine a) {
    if (a == null) {
      return null;
    }
    long[] steps = a.steps().toArray();
    for (int d = 0; d < steps.length; d++) {
      if (space.get(d) <= 1) {
        steps[d] = 0;
      }
    }
    return new Affine(a.offset(), Dims.of(steps));
  }

  private Dims low() {
    return guard == null ? Dims.filled(space.rank(), 0) : guard.low();
  }

  private Dims high() {
    return guard == null ? space : guard.high();
  }

  private static boolean isEmpty(Dims low, Dims high) {
    for (int d = 0; d < low.rank(); d++) {
      if (high.get(d) <= low.get(d)) {
        return true;
      }
    }
    return false;
  }

  /** The access to the input of a movement whose output is accessed by this; null if it is not affine with one guard. */
  @Nullable
  Access through(AccessMap map, Dims inputShape) {
    View.Guard g = guard;
    if (map.guard() != null) {
      Box box = narrowed(map.guard());
      if (box == null) {
        return null;
      }
      if (!box.low.equals(low()) || !box.high.equals(high())) {
        if (guard != null && Double.compare(guard.outside(), map.guard().outside()) != 0) {
          return null;
        }
        g = new View.Guard(box.low, box.high, map.guard().outside());
      }
    }
    List<@Nullable Affine> result = new ArrayList<>();
    for (AccessMap.Axis axis : map.axes()) {
      if (axis.from() < 0) {
        result.add(Affine.constant(space.rank(), axis.offset()));
      } else {
        Affine c = coordinates.get(axis.from());
        result.add(c == null ? null : c.times(axis.step()).plus(axis.offset()));
      }
    }
    return of(space, inputShape, result, g);
  }

  private record Box(Dims low, Dims high) {}

  /** The part of the space in which this access stays inside of a box over {@link #shape}; null if that is no box. */
  private @Nullable Box narrowed(View.Guard box) {
    long[] low = low().toArray();
    long[] high = high().toArray();
    if (isEmpty(low(), high())) {
      return new Box(low(), high());
    }
    for (int j = 0; j < shape.rank(); j++) {
      long from = box.low().get(j);
      long to = box.high().get(j);
      Affine c = coordinates.get(j);
      if (c == null) {
        if (from > 0 || to < shape.get(j)) {
          return null;
        }
        continue;
      }
      if (c.min(low(), high()) >= from && c.max(low(), high()) < to) {
        continue;
      }
      int d = c.onlyDim();
      if (d == -2) {
        return null;
      }
      if (d == -1) {
        if (low.length == 0) {
          return null; // A box of no dimensions holds its only point: it cannot say that nothing is inside.
        }
        Arrays.fill(high, 0);
        Arrays.fill(low, 0);
        return new Box(Dims.of(low), Dims.of(high));
      }
      long step = c.steps().get(d);
      if (step > 0) {
        low[d] = Math.max(low[d], Math.ceilDiv(from - c.offset(), step));
        high[d] = Math.min(high[d], Math.ceilDiv(to - c.offset(), step));
      } else {
        low[d] = Math.max(low[d], Math.floorDiv(c.offset() - to, -step) + 1);
        high[d] = Math.min(high[d], Math.floorDiv(c.offset() - from, -step) + 1);
      }
    }
    for (int d = 0; d < low.length; d++) {
      high[d] = Math.max(high[d], low[d]);
    }
    return new Box(Dims.of(low), Dims.of(high));
  }

  /** The access to the same elements of the value in another shape with as many elements in the same order. */
  Access reshaped(Dims newShape) {
    if (newShape.equals(shape)) {
      return this;
    }
    int rank = space.rank();
    List<@Nullable Affine> result = new ArrayList<>(Collections.nCopies(newShape.rank(), Affine.constant(rank, 0)));
    if (newShape.product() == 0) {
      return of(space, newShape, result, position, guard);
    }
    int i = 0;
    int j = 0;
    boolean affine = true;
    while (i < shape.rank() || j < newShape.rank()) {
      int iFrom = i;
      int jFrom = j;
      long oldSize = i < shape.rank() ? shape.get(i++) : 1;
      long newSize = j < newShape.rank() ? newShape.get(j++) : 1;
      while (oldSize != newSize) {
        if (oldSize < newSize) {
          oldSize *= shape.get(i++);
        } else {
          newSize *= newShape.get(j++);
        }
      }
      affine &= regroup(iFrom, i, newShape, jFrom, j, result);
    }
    if (!affine && position != null) {
      List<@Nullable Affine> digits = digits(position, newShape, 0, newShape.rank());
      if (digits != null) {
        result = digits;
      }
    }
    return of(space, newShape, result, position, guard);
  }

  /** Turns coordinates {@code [iFrom, iTo)} into as many elements' worth of new ones; false if they are not affine. */
  private boolean regroup(int iFrom, int iTo, Dims newShape, int jFrom, int jTo, List<@Nullable Affine> result) {
    Affine sum = Affine.constant(space.rank(), 0);
    long stride = 1;
    for (int i = iTo - 1; i >= iFrom && sum != null; i--) {
      Affine c = coordinates.get(i);
      sum = c == null ? null : sum.plus(c.times(stride));
      stride *= shape.get(i);
    }
    List<@Nullable Affine> digits = sum == null ? null : digits(sum, newShape, jFrom, jTo);
    for (int j = jFrom; j < jTo; j++) {
      result.set(j, digits == null ? null : digits.get(j - jFrom));
    }
    return digits != null;
  }

  /** Splits a position into coordinates of {@code sizes[from..to)}; null where a step crosses a dimension's end. */
  private @Nullable List<@Nullable Affine> digits(Affine at, Dims sizes, int from, int to) {
    int rank = space.rank();
    int real = 0;
    for (int j = from; j < to; j++) {
      real += sizes.get(j) > 1 ? 1 : 0;
    }
    List<@Nullable Affine> digits = new ArrayList<>();
    if (real <= 1) {
      for (int j = from; j < to; j++) {
        digits.add(sizes.get(j) > 1 ? at : Affine.constant(rank, 0));
      }
      return digits;
    }
    if (guard != null || at.offset() < 0) {
      return null;
    }
    long[] steps = at.steps().toArray();
    long offset = at.offset();
    long stride = sizes.slice(from, to).product();
    for (int j = from; j < to; j++) {
      long size = sizes.get(j);
      stride /= size;
      long[] own = new long[rank];
      long first = offset / stride;
      offset %= stride;
      long reach = first;
      for (int d = 0; d < rank; d++) {
        if (steps[d] < 0) {
          return null;
        }
        if (steps[d] >= stride && steps[d] % stride == 0) {
          own[d] = steps[d] / stride;
          steps[d] = 0;
          reach += own[d] * Math.max(0, space.get(d) - 1);
        }
      }
      if (reach >= size) {
        return null;
      }
      digits.add(new Affine(first, Dims.of(own)));
    }
    return digits;
  }

  /**
   * If this is a movement's input, at which points of the space its output lies: the inverse of {@link #through} for
   * movements that only permute dimensions and add or drop those of size 1; null for all others.
   */
  @Nullable
  Access backThrough(AccessMap map, Dims outputShape) {
    if (map.guard() != null || outputShape.product() != shape.product()) {
      return null;
    }
    List<@Nullable Affine> result = new ArrayList<>(Collections.nCopies(outputShape.rank(), null));
    for (int d = 0; d < outputShape.rank(); d++) {
      if (outputShape.get(d) == 1) {
        result.set(d, Affine.constant(space.rank(), 0));
      }
    }
    for (int j = 0; j < shape.rank(); j++) {
      AccessMap.Axis axis = map.axes().get(j);
      if (shape.get(j) == 1) {
        continue;
      }
      if (axis.from() < 0 || axis.offset() != 0 || axis.step() != 1 || outputShape.get(axis.from()) != shape.get(j)) {
        return null;
      }
      result.set(axis.from(), coordinates.get(j));
    }
    return of(space, outputShape, result, null);
  }

  /** How dense memory of this value is reached; null if that is not affine. */
  @Nullable
  View view(DType dtype) {
    return position == null ? null : new View(dtype, position.offset(), position.steps(), guard);
  }

  /** How memory with these strides is reached, from {@code offset} on; null if that is not affine. */
  @Nullable
  View view(DType dtype, long offset, Dims strides) {
    Affine sum = Affine.constant(space.rank(), offset);
    for (int j = 0; j < shape.rank(); j++) {
      Affine c = coordinates.get(j);
      if (c == null) {
        return null;
      }
      sum = sum.plus(c.times(strides.get(j)));
    }
    return new View(dtype, sum.offset(), sum.steps(), guard);
  }

  /** This access at the points of a larger space, whose dimension {@code dims[d]} is this one's d. */
  Access within(Dims larger, int... dims) {
    List<@Nullable Affine> result = new ArrayList<>();
    for (Affine c : coordinates) {
      result.add(c == null ? null : spread(c, larger.rank(), dims));
    }
    if (guard != null) {
      throw new IllegalStateException("a guarded access is not moved to another space");
    }
    return of(larger, shape, result, position == null ? null : spread(position, larger.rank(), dims), null);
  }

  private static Affine spread(Affine a, int rank, int... dims) {
    long[] steps = new long[rank];
    for (int d = 0; d < dims.length; d++) {
      steps[dims[d]] = a.steps().get(d);
    }
    return new Affine(a.offset(), Dims.of(steps));
  }
}
