package org.lathe.hal.spec;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * An affine access to an operand over an iteration space: the point {@code i} touches element {@code offset + sum(i[d] *
 * strides[d])} of the slice bound to it.
 *
 * <p>A stride of 0 broadcasts; a negative one reverses. Outside the {@code guard} nothing is read, and the value is the
 * guard's. Outputs have no guard, and no two points of an output's view touch the same element. Prints as {@code
 * f32@0[32,1]}, with a guard as {@code f32@-3[3,1] in [1,0]..[4,3] else 0.0}.
 *
 * @param offset in elements from the start of the slice; may be negative where the strides or the guard make up for it
 * @param strides in elements, one for each dimension of the iteration space
 */
public record View(DType dtype, long offset, Dims strides, @Nullable Guard guard) {
  /** Up to this span, an irregular access is checked element by element. */
  private static final long MAX_ENUMERATED = 1 << 24;

  public View {
    if (guard != null && guard.low().rank() != strides.rank()) {
      Check.that(false, "a guard of rank " + guard.low().rank() + " on an access of rank " + strides.rank());
    }
  }

  /** The box in which an access is valid: {@code low[d] <= i[d] < high[d]}; elsewhere the value is {@code outside}. */
  public record Guard(Dims low, Dims high, double outside) {
    public Guard {
      if (low.rank() != high.rank()) {
        Check.that(false, "a guard from " + low + " to " + high);
      }
    }

    @Override
    public String toString() {
      return "in " + low + ".." + high + " else " + outside;
    }
  }

  /** The dense row-major access over {@code shape}. */
  public static View dense(DType dtype, Dims shape) {
    return new View(dtype, 0, shape.rowMajorStrides(), null);
  }

  public static View of(DType dtype, long... strides) {
    return new View(dtype, 0, Dims.of(strides), null);
  }

  /** The first index along {@code dim} at which memory is touched. */
  public long low(int dim) {
    return guard == null ? 0 : Math.max(0, guard.low().get(dim));
  }

  /** One more than the last index along {@code dim} at which memory is touched, in a dimension of {@code size} points. */
  public long high(int dim, long size) {
    return guard == null ? size : Math.min(size, guard.high().get(dim));
  }

  /** Whether no point of {@code space} touches memory. */
  public boolean isEmpty(Dims space) {
    for (int d = 0; d < space.rank(); d++) {
      if (high(d, space.get(d)) <= low(d)) {
        return true;
      }
    }
    return false;
  }

  /** The least element touched over {@code space}, 0 if there is none. Below 0 the access is illegal. */
  public long start(Dims space) {
    return isEmpty(space) ? 0 : extreme(space, false);
  }

  /** The least number of elements that a slice must hold for this access over {@code space}. */
  public long span(Dims space) {
    return isEmpty(space) ? 0 : extreme(space, true) + 1;
  }

  private long extreme(Dims space, boolean largest) {
    long element = offset;
    for (int d = 0; d < space.rank(); d++) {
      long first = Math.multiplyExact(low(d), strides.get(d));
      long last = Math.multiplyExact(high(d, space.get(d)) - 1, strides.get(d));
      element = Math.addExact(element, largest ? Math.max(first, last) : Math.min(first, last));
    }
    return element;
  }

  /** Whether this is the dense row-major access over {@code space}. Dimensions of size 1 may have any stride. */
  public boolean isDense(Dims space) {
    if (offset != 0 || guard != null) {
      return false;
    }
    Dims dense = space.rowMajorStrides();
    for (int d = 0; d < space.rank(); d++) {
      if (space.get(d) != 1 && strides.get(d) != dense.get(d)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether no two points of {@code space} touch the same element, as an output needs it. Exact, except that accesses
   * with interleaved strides over more than 16 million elements are taken to overlap.
   */
  public boolean isInjective(Dims space) {
    record Axis(long size, long stride) {}
    if (isEmpty(space)) {
      return true;
    }
    List<Axis> axes = new ArrayList<>();
    for (int d = 0; d < space.rank(); d++) {
      long size = high(d, space.get(d)) - low(d);
      if (size > 1) {
        axes.add(new Axis(size, Math.abs(strides.get(d))));
      }
    }
    axes.sort(Comparator.comparingLong(Axis::stride));
    long[] reach = new long[axes.size() + 1];
    for (int i = 0; i < axes.size(); i++) {
      reach[i + 1] = reach[i] + (axes.get(i).size() - 1) * axes.get(i).stride();
    }
    // An axis that steps over all that the smaller ones reach cannot make two points meet.
    int rest = axes.size();
    while (rest > 0 && axes.get(rest - 1).stride() > reach[rest - 1]) {
      rest--;
    }
    if (rest == 0) {
      return true;
    }
    long points = 1;
    for (Axis a : axes.subList(0, rest)) {
      if (a.stride() == 0 || points > MAX_ENUMERATED / a.size()) {
        return false;
      }
      points *= a.size();
    }
    if (points > reach[rest] + 1 || reach[rest] >= MAX_ENUMERATED) {
      return false;
    }
    BitSet touched = new BitSet((int) reach[rest] + 1);
    for (long p = 0; p < points; p++) {
      long element = 0;
      long left = p;
      for (Axis a : axes.subList(0, rest)) {
        element += left % a.size() * a.stride();
        left /= a.size();
      }
      if (touched.get((int) element)) {
        return false;
      }
      touched.set((int) element);
    }
    return true;
  }

  @Override
  public String toString() {
    return dtype + "@" + offset + strides + (guard == null ? "" : " " + guard);
  }
}
