package org.lathe.hal.spec;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * An affine access to an operand over an iteration space: the point {@code i} touches element {@code offset + sum(i[d] *
 * strides[d])} of the slice bound to it.
 *
 * <p>A stride of 0 broadcasts; a negative one reverses. Outside the {@code guard} nothing is read, and the value is the
 * guard's. Outputs have no guard, and no two points of an output's view touch the same element.
 *
 * @param offset in elements from the start of the slice
 * @param strides in elements, one for each dimension of the iteration space
 */
public record View(DType dtype, long offset, Dims strides, @Nullable Guard guard) {

  /** The box in which an access is valid: {@code low[d] <= i[d] < high[d]}; elsewhere the value is {@code outside}. */
  public record Guard(Dims low, Dims high, double outside) {}

  /** The dense row-major access over {@code shape}. */
  public static View dense(DType dtype, Dims shape) {
    return new View(dtype, 0, shape.rowMajorStrides(), null);
  }

  public static View of(DType dtype, long... strides) {
    return new View(dtype, 0, Dims.of(strides), null);
  }

  /** The least number of elements that a slice must hold for this access over {@code space}. */
  public long span(Dims space) {
    long last = offset;
    for (int d = 0; d < space.rank(); d++) {
      long low = guard == null ? 0 : Math.max(0, guard.low().get(d));
      long high = guard == null ? space.get(d) : Math.min(space.get(d), guard.high().get(d));
      if (high <= low) {
        return 0;
      }
      last += Math.max(low * strides.get(d), (high - 1) * strides.get(d));
    }
    return last + 1;
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
}
