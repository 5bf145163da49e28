package org.lathe.hal.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap memory of the host within a {@link Budget}, for devices that compute in it. Any thread. */
public final class HostAllocator implements Allocator {
  /** Of small buffers, in bytes: a cache line. */
  private static final long LINE = 64;
  /** Of buffers of at least as many bytes: a page, so that whole lines and pages belong to one buffer. */
  private static final long PAGE = 4096;

  private final Budget budget;

  /** @param budget in bytes, of all open buffers together */
  public HostAllocator(long budget) {
    this.budget = new Budget(budget);
  }

  @Override
  public HostBuffer allocate(long bytes) {
    budget.take(bytes, Long.MAX_VALUE);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = arena.allocate(bytes, bytes < PAGE ? LINE : PAGE);
      return new HostBuffer(this, arena, memory);
    } catch (OutOfMemoryError e) {
      arena.close();
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
