package org.lathe.backends.cpu;

/**
 * A fused expression over consecutive points of one line: the generated heart of maps, reductions, row programs and
 * epilogues.
 */
interface Loop {
  /**
   * Evaluates {@code n} points.
   *
   * @param a the addresses of the first point's elements: inputs, then outputs; then the value, at the first point, of
   *     each {@code Index} that the expression uses. Not changed.
   */
  void run(long[] a, int n);
}
