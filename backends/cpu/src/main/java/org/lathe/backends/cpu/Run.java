package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** What the workers of one run share. Belongs to a command buffer; used by one run at a time. */
interface Run {
  /** The most dimensions of an iteration space. */
  int MAX_RANK = 24;

  /** Waits until all workers of this run have come here. With one worker, nothing. */
  void barrier();

  /**
   * The first of a worker's tasks, which are numbered from 0: its own number, so that it reads in each run what it has in
   * its cache from the last. The tasks begin anew in each run, and again after each {@link #barrier}.
   */
  int firstTask(int worker);

  /** The next task number that no worker has been given. */
  int nextTask();

  /**
   * Whether the shared scratch, memory and array, still holds what the kernel made of its {@link Kernel#packedOperand}, so
   * that it need not be made again.
   */
  default boolean isPacked() {
    return false;
  }

  /** Whether the shared scratch memory is of {@link Kernel#keptScratch}: what this run packs there may serve the next. */
  default boolean keeps() {
    return false;
  }

  /** The address of the scratch memory shared by the workers; 64-byte aligned. */
  long sharedScratch();

  /** The address of this worker's scratch memory; 64-byte aligned. */
  long workerScratch(int worker);

  /** An array that is this worker's alone, of at least {@link Kernel#scratchLongs}. */
  long[] longs(int worker);

  /** A second small array that is this worker's alone, for a point's index: of {@link #MAX_RANK} longs. */
  default long[] index(int worker) {
    throw new UnsupportedOperationException("a run without heap scratch");
  }

  /** The array of {@code type} that the workers share, of at least {@link HeapScratch#shared} elements. */
  default Object sharedArray(DType type) {
    throw new UnsupportedOperationException("a run without heap scratch");
  }

  /** The array of {@code type} that is this worker's alone, of at least {@link HeapScratch#each} elements. */
  default Object workerArray(int worker, DType type) {
    throw new UnsupportedOperationException("a run without heap scratch");
  }
}
