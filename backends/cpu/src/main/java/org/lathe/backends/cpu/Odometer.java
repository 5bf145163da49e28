package org.lathe.backends.cpu;

/**
 * Walks the points of a nest in order, keeping the slots of a loop's array at the current point. Immutable: the position
 * is in the caller's array, behind the slots.
 */
final class Odometer {
  private final long[] sizes;
  private final long[][] steps;
  /** What to add to each slot when dimension d is counted up and all inner ones go back to 0. */
  private final long[][] carry;
  private final int slots;
  private final int first;
  private final int at;

  /**
   * @param first where in the caller's array the slots begin
   * @param at where in the caller's array the position is kept
   */
  Odometer(Nest nest, int first, int at) {
    sizes = nest.sizes();
    steps = nest.steps();
    slots = nest.slots();
    this.first = first;
    this.at = at;
    carry = new long[sizes.length][slots];
    for (int d = 0; d < sizes.length; d++) {
      for (int k = 0; k < slots; k++) {
        long c = steps[d][k];
        for (int e = d + 1; e < sizes.length; e++) {
          c -= steps[e][k] * (sizes[e] - 1);
        }
        carry[d][k] = c;
      }
    }
  }

  /** Longs that the position takes. */
  int positionLongs() {
    return sizes.length;
  }

  /** Moves the slots, which are at the first point, to point {@code point} counted in row-major order. */
  void seek(long[] a, long point) {
    long rest = point;
    for (int d = sizes.length - 1; d >= 0; d--) {
      long i = rest % sizes[d];
      rest /= sizes[d];
      a[at + d] = i;
      for (int k = 0; k < slots && i != 0; k++) {
        a[first + k] += i * steps[d][k];
      }
    }
  }

  /** Moves to the next point. After the last one the slots are undefined. */
  void next(long[] a) {
    for (int d = sizes.length - 1; d >= 0; d--) {
      if (++a[at + d] < sizes[d]) {
        long[] c = carry[d];
        for (int k = 0; k < c.length; k++) {
          a[first + k] += c[k];
        }
        return;
      }
      a[at + d] = 0;
    }
  }

  /** What dimension {@code d} adds to slot {@code k}. */
  long step(int d, int k) {
    return steps[d][k];
  }

  /** The index along dimension {@code d} of the current point. */
  long index(long[] a, int d) {
    return a[at + d];
  }
}
