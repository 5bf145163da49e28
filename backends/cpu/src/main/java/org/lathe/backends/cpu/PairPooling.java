package org.lathe.backends.cpu;

/**
 * Maxima and means of f32 windows of 2x2 elements that step by 2: lines of results. All forms of it give the same bits. Steps
 * are in bytes, from a line of data to the next; of that many {@code lines} of results each takes two.
 */
interface PairPooling {
  /** The shortest line of results. */
  int LEAST_WIDTH = 4;

  /**
   * For each window over {@code data} writes the element of {@code other} at the place of the maximum.
   *
   * @param step from a line of data, and of other, to the next
   */
  void pick(long data, long other, long step, long to, int lines);

  /** Writes each window's gradient to the place of its maximum, and 0 to the other three. */
  void route(long data, long step, long gradient, long to, int lines);

  /** Writes each window's mean: the sums of its two columns, added, over 4. */
  void mean(long data, long step, long to, int lines);

  /** Writes a quarter of each window's gradient to its four elements. */
  void spread(long step, long gradient, long to, int lines);
}
