package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.View;

/**
 * The dimensions of a loop nest, outermost first, with what each adds to the slots of a {@link Loop}'s array: bytes for
 * operands, counts for indices and positions.
 *
 * @param steps by dimension, then by slot
 * @param start what each slot holds at the first point, relative to its operand
 */
record Nest(long[] sizes, long[][] steps, long[] start) {

  /** Collects the slots of a nest over a box of a space. */
  static final class Builder {
    private final long[] low;
    private final long[] sizes;
    private final List<long[]> slots = new ArrayList<>();
    private final List<Long> starts = new ArrayList<>();

    Builder(long[] low, long[] sizes) {
      this.low = low;
      this.sizes = sizes;
    }

    Builder(Dims space) {
      this(new long[space.rank()], space.toArray());
    }

    Builder views(List<View> views) {
      for (View v : views) {
        slot(v.strides().toArray(), v.offset(), v.dtype().bytes());
      }
      return this;
    }

    /** One slot for each Index node of an expression. */
    Builder indices(Expr expr) {
      for (int d : LoopSpec.indexDims(expr)) {
        long[] unit = new long[sizes.length];
        unit[d] = 1;
        slot(unit, 0, 1);
      }
      return this;
    }

    /** A slot of an operand that the dimensions do not move. */
    Builder fixed() {
      return slot(new long[sizes.length], 0, 1);
    }

    Builder slot(long[] strides, long offset, long unit) {
      long at = offset;
      long[] s = new long[sizes.length];
      for (int d = 0; d < s.length; d++) {
        at += low[d] * strides[d];
        s[d] = strides[d] * unit;
      }
      slots.add(s);
      starts.add(at * unit);
      return this;
    }

    Nest build() {
      long[][] steps = new long[sizes.length][slots.size()];
      for (int d = 0; d < sizes.length; d++) {
        for (int k = 0; k < slots.size(); k++) {
          steps[d][k] = slots.get(k)[d];
        }
      }
      return new Nest(sizes, steps, starts.stream().mapToLong(s -> s).toArray());
    }
  }

  int rank() {
    return sizes.length;
  }

  int slots() {
    return start.length;
  }

  long points() {
    long p = 1;
    for (long s : sizes) {
      p *= s;
    }
    return p;
  }

  /** The dimensions {@code from} (inclusive) to {@code to} (exclusive) with the same slots. */
  Nest slice(int from, int to) {
    return new Nest(Arrays.copyOfRange(sizes, from, to), Arrays.copyOfRange(steps, from, to), start);
  }

  /**
   * The same points in another order with fewer dimensions: those of size 1 are dropped, the others sorted by the step of
   * slot {@code main}, largest first, and neighbours joined where every slot allows it.
   */
  Nest normalised(int main) {
    return joined(main);
  }

  /** As {@link #normalised}, but in the order as it is. */
  Nest joined() {
    return joined(-1);
  }

  private Nest joined(int main) {
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < sizes.length; d++) {
      if (sizes[d] != 1) {
        order.add(d);
      }
    }
    if (main >= 0) {
      order.sort((x, y) -> Long.compare(Math.abs(steps[y][main]), Math.abs(steps[x][main])));
    }
    List<Long> size = new ArrayList<>();
    List<long[]> step = new ArrayList<>();
    for (int d : order) {
      int last = size.size() - 1;
      if (last >= 0 && joins(step.get(last), steps[d], sizes[d])) {
        size.set(last, size.get(last) * sizes[d]);
        step.set(last, steps[d]);
      } else {
        size.add(sizes[d]);
        step.add(steps[d]);
      }
    }
    return new Nest(size.stream().mapToLong(s -> s).toArray(), step.toArray(long[][]::new), start);
  }

  private static boolean joins(long[] outer, long[] inner, long size) {
    for (int k = 0; k < outer.length; k++) {
      if (outer[k] != inner[k] * size) {
        return false;
      }
    }
    return true;
  }

  /** With dimension {@code d} moved to the end. */
  Nest innermost(int d) {
    int last = sizes.length - 1;
    long[] size = sizes.clone();
    long[][] step = steps.clone();
    System.arraycopy(sizes, d + 1, size, d, last - d);
    System.arraycopy(steps, d + 1, step, d, last - d);
    size[last] = sizes[d];
    step[last] = steps[d];
    return new Nest(size, step, start);
  }

  /** With the last dimension, of {@code line} points, in segments of {@code segment} points. */
  Nest segmented(long segment) {
    int last = sizes.length - 1;
    long[] size = sizes.clone();
    long[][] step = steps.clone();
    size[last] = (sizes[last] + segment - 1) / segment;
    step[last] = steps[last].clone();
    for (int k = 0; k < step[last].length; k++) {
      step[last][k] *= segment;
    }
    return new Nest(size, step, start);
  }

  /** With a last dimension of size 1, if there is no dimension at all. */
  Nest atLeastOne() {
    return sizes.length > 0 ? this : new Nest(new long[]{1}, new long[][]{new long[start.length]}, start);
  }
}
