package org.lathe.backends.cpu;

/**
 * One compiled {@code KernelSpec}: code without operands, shared by all programs and threads.
 *
 * <p>A run calls {@link #part} once on each of {@code workers} threads at the same time. The result must not depend on
 * {@code workers}, not by a bit: sums are split at places that the shape alone decides. A part allocates nothing on the
 * heap.
 */
interface Kernel {
  /**
   * Does this worker's share.
   *
   * @param operands absolute addresses of the inputs, then of the outputs
   * @param run the run's barrier, scratch memory and task counter
   */
  void part(long[] operands, Run run, int worker, int workers);

  /** How many workers are worth waking, at most {@code most}; 1 runs in the calling thread. */
  int workers(int most);

  /** Bytes of scratch memory that the workers share. */
  default long sharedScratch() {
    return 0;
  }

  /** Bytes of scratch memory that each worker has to itself. */
  default long workerScratch() {
    return 0;
  }

  /** How many longs of {@link Run#longs} a worker uses. */
  default int scratchLongs() {
    return 0;
  }

  /** What the workers use of {@link Run#sharedArray} and {@link Run#workerArray}. */
  default HeapScratch heapScratch() {
    return HeapScratch.NONE;
  }

  /**
   * The input that the kernel packs into {@link #keptScratch}; -1 if there is none. Where that input stays as it is, it is
   * packed once: see {@link Run#isPacked}.
   */
  default int packedOperand() {
    return -1;
  }

  /**
   * Bytes of shared scratch memory that hold the {@link #packedOperand}, and nothing else, after a run: asked for where it
   * is kept, in which case {@link Run#keeps}.
   */
  default long keptScratch() {
    return sharedScratch();
  }

  /** Whether the shared array holds the {@link #packedOperand}, and nothing else, after a run. */
  default boolean keepsArray() {
    return true;
  }

  /** The form chosen, such as tile sizes, for people. */
  String variant();

  /** Generated source or a listing, empty if there is none. */
  default String source() {
    return "";
  }
}
