package org.lathe.backends.aparapi;

import java.lang.foreign.MemorySegment;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Budget;
import org.lathe.hal.device.HostBlock;

/** Memory within a budget: arrays of the Java heap, which is what Aparapi takes, or memory outside of it. Any thread. */
final class ArenaAllocator implements Allocator {
  /** OpenCL has no buffers of no bytes. */
  private static final int LEAST_BYTES = 64;
  private static final int MOST_ARRAY_BYTES = Integer.MAX_VALUE - 64;

  private final Budget budget;
  private final boolean onHeap;

  private ArenaAllocator(long budget, boolean onHeap) {
    this.budget = new Budget(budget);
    this.onHeap = onHeap;
  }

  static ArenaAllocator onHeap(long budget) {
    return new ArenaAllocator(budget, true);
  }

  static ArenaAllocator offHeap(long budget) {
    return new ArenaAllocator(budget, false);
  }

  /** Three quarters of what the heap may grow to. */
  static long heapBudget() {
    return Runtime.getRuntime().maxMemory() / 4 * 3;
  }

  long budget() {
    return budget.bytes();
  }

  /** Whether buffers are arrays, which the garbage collector moves, and which begin where it puts them. */
  boolean isOnHeap() {
    return onHeap;
  }

  @Override
  public ArenaBuffer allocate(long bytes) {
    budget.take(bytes, onHeap ? MOST_ARRAY_BYTES : Long.MAX_VALUE);
    long least = Math.max(LEAST_BYTES, bytes);
    try {
      if (!onHeap) {
        HostBlock block = HostBlock.take(least);
        return new ArenaBuffer(this, block.memory(), bytes, null, block);
      }
      byte[] array = new byte[(int) least];
      return new ArenaBuffer(this, MemorySegment.ofArray(array), bytes, array, null);
    } catch (OutOfMemoryError e) {
      closed(bytes);
      throw Budget.refused(bytes, e);
    }
  }

  @Override
  public long allocatedBytes() {
    return budget.allocatedBytes();
  }

  @Override
  public int openBuffers() {
    return budget.openBuffers();
  }

  void closed(long bytes) {
    budget.giveBack(bytes);
  }
}
