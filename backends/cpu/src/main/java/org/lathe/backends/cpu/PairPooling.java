package org.lathe.backends.cpu;

/** Maxima of f32 windows of 2x2 elements that step by 2: one line of results at a time. */
interface PairPooling {
  /** The shortest line of results. */
  int LEAST_WIDTH = 4;

  /**
   * For each window over {@code data} writes the element of {@code other} at the place of the maximum. Steps are in
   * bytes.
   *
   * @param step from a line of data, and of other, to the next
   */
  void pick(long data, long other, long step, long to);

  /** Writes each window's gradient to the place of its maximum, and 0 to the other three. */
  void route(long data, long step, long gradient, long to);
}
