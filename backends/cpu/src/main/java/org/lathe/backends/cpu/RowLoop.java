package org.lathe.backends.cpu;

/**
 * A loop of a row program, and where its slots come from: slots of the current row, scratch memory, or plain numbers.
 */
final class RowLoop {
  /** The source of a slot that lies in scratch memory. */
  static final int SCRATCH = -1;

  /** The source of a slot that is a number. */
  static final int NUMBER = -2;

  private final Loop loop;
  private final int[] source;
  private final long[] add;
  private final long[] step;

  /**
   * @param source for each slot the row's slot that it starts from, or {@link #SCRATCH} or {@link #NUMBER}
   * @param add what is added to it at the first column
   * @param step by how much each slot grows from column to column
   */
  RowLoop(LoopSpec spec, int[] source, long[] add, long[] step) {
    loop = LoopCompiler.compile(spec);
    this.source = source;
    this.add = add;
    this.step = step;
  }

  /** Sets the slots, at the head of the array, to the first column of the row whose slots are at {@code row}. */
  void begin(long[] a, int row, long scratch) {
    for (int k = 0; k < source.length; k++) {
      int s = source[k];
      a[k] = add[k] + (s >= 0 ? a[row + s] : s == SCRATCH ? scratch : 0);
    }
  }

  void run(long[] a, int n) {
    loop.run(a, n);
  }

  void advance(long[] a, long columns) {
    for (int k = 0; k < step.length; k++) {
      a[k] += columns * step[k];
    }
  }
}
