package org.lathe.backends.cpu;

/** What the workers of one run share. Belongs to a command buffer; used by one run at a time. */
interface Run {
  /** Waits until all workers of this run have come here. With one worker, nothing. */
  void barrier();

  /**
   * The next task number, counting from 0: each is given to one worker. The counter starts at 0 in each run, and again
   * after each {@link #barrier}.
   */
  int nextTask();

  /** The address of the scratch memory shared by the workers; 64-byte aligned. */
  long sharedScratch();

  /** The address of this worker's scratch memory; 64-byte aligned. */
  long workerScratch(int worker);

  /** An array that is this worker's alone, of at least {@link Kernel#scratchLongs}. */
  long[] longs(int worker);
}
