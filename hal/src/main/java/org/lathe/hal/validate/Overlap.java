package org.lathe.hal.validate;

import java.util.List;
import org.lathe.hal.program.Slice;

/** Where slices are in the iterations of the loops around them. */
final class Overlap {
  /** Iterations of outer loops that are tried one by one. */
  private static final long MAX_TRIED = 1 << 20;

  private Overlap() {}

  private static long step(Slice s, int loop) {
    return loop < s.loopSteps().rank() ? s.loopSteps().get(loop) : 0;
  }

  /** The offset in the iteration {@code at}. */
  static long offset(Slice s, long[] at) {
    long offset = s.offset();
    for (int k = 0; k < at.length; k++) {
      offset += at[k] * step(s, k);
    }
    return offset;
  }

  /** The largest or least offset over all iterations, of which there is at least one. */
  static long extreme(Slice s, List<Long> trips, boolean largest) {
    long offset = s.offset();
    for (int k = 0; k < trips.size(); k++) {
      long last = Math.multiplyExact(step(s, k), trips.get(k) - 1);
      offset = Math.addExact(offset, largest ? Math.max(0, last) : Math.min(0, last));
    }
    return offset;
  }

  /** Whether both begin at the same byte in every iteration. */
  static boolean isSame(Slice a, Slice b) {
    boolean same = a.buffer() == b.buffer() && a.offset() == b.offset();
    for (int k = 0; k < Math.max(a.loopSteps().rank(), b.loopSteps().rank()); k++) {
      same &= step(a, k) == step(b, k);
    }
    return same;
  }

  /** Whether the slices share a byte in some iteration, the same for both. */
  static boolean of(Slice a, Slice b, List<Long> trips) {
    if (a.buffer() != b.buffer() || a.bytes() == 0 || b.bytes() == 0 || trips.contains(0L)) {
      return false;
    }
    long[] steps = new long[trips.size()];
    long[] counts = new long[trips.size()];
    int n = 0;
    long tried = 1;
    for (int k = 0; k < trips.size(); k++) {
      long step = step(b, k) - step(a, k);
      if (step != 0 && trips.get(k) > 1) {
        steps[n] = step;
        counts[n++] = trips.get(k);
        tried = n == 1 ? 1 : Math.min(MAX_TRIED + 1, tried * Math.min(MAX_TRIED + 1, counts[n - 1]));
      }
    }
    return meet(b.offset() - a.offset(), -b.bytes(), a.bytes(), steps, counts, n, tried <= MAX_TRIED);
  }

  /**
   * Whether the distance {@code at + sum of t[k] steps[k]} comes strictly between low and high. The first loop is solved,
   * the others are tried; where they are too long, the extremes decide, which may see an overlap that is not there.
   */
  private static boolean meet(long at, long low, long high, long[] steps, long[] counts, int n, boolean exact) {
    if (n == 0) {
      return low < at && at < high;
    }
    if (n == 1) {
      long step = Math.abs(steps[0]);
      long least = steps[0] > 0 ? at : at + steps[0] * (counts[0] - 1);
      long skip = least > low ? 0 : Math.floorDiv(low - least, step) + 1;
      return skip < counts[0] && least + skip * step < high;
    }
    if (!exact) {
      long min = at;
      long max = at;
      for (int k = 0; k < n; k++) {
        min += Math.min(0, steps[k] * (counts[k] - 1));
        max += Math.max(0, steps[k] * (counts[k] - 1));
      }
      return low < max && min < high;
    }
    for (long t = 0; t < counts[n - 1]; t++) {
      if (meet(at + t * steps[n - 1], low, high, steps, counts, n - 1, true)) {
        return true;
      }
    }
    return false;
  }
}
