package org.lathe.backends.cpu;

import org.lathe.hal.spec.Pooling;

/** A way to pool: blocks of pictures, or of lines of one picture, each by one worker. */
interface PoolingForm {
  /** The most pictures of a block; 1 where pictures have several bands. */
  int pictures();

  /** What it computes. */
  Pooling spec();

  /** Into how many bands of lines a picture is cut. */
  default int bands() {
    return 1;
  }

  /** The first line of results of a band; that of band {@link #bands} is their number. */
  default int firstLine(int band) {
    return band == 0 ? 0 : Math.toIntExact(lines(spec()));
  }

  /** Bytes of scratch memory for each worker. */
  default long scratch() {
    return 0;
  }

  default HeapScratch heapScratch() {
    return HeapScratch.NONE;
  }

  /** Makes ready for a worker's share of a run. */
  default void begin(long scratch) {}

  /**
   * Writes a block's results, dense.
   *
   * @param operands absolute addresses of the inputs
   * @param picture the first picture
   * @param heap the worker's array of {@link #heapScratch}
   */
  void block(long[] operands, long picture, int pictures, int band, long to, long scratch, Object heap);

  /** For people. */
  @Override
  String toString();

  /** The lines of what a form writes: of results, for gradients of data. */
  static long lines(Pooling p) {
    return p.space().get(2);
  }
}
