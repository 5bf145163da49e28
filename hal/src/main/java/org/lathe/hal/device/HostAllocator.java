package org.lathe.hal.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory of the host within a budget, for devices that compute in it. Any thread.
 *
 * <p>The budget is kept by hand: an operating system hands out memory when it is first touched, and fails then, too late.
 */
public final class HostAllocator implements Allocator {
  /** Of small buffers, in bytes: a cache line. */
  private static final long LINE = 64;
  /** Of buffers of at least as many bytes: a page, so that whole lines and pages belong to one buffer. */
  private static final long PAGE = 4096;

  private final long budget;
  private long allocated;
  private int open;

  /** @param budget in bytes, of all open buffers together */
  public HostAllocator(long budget) {
    this.budget = budget;
  }

  @Override
  public HostBuffer allocate(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
    }
    synchronized (this) {
      if (bytes > budget - allocated) {
        throw new OutOfDeviceMemory(bytes, budget - allocated);
      }
      allocated += bytes;
      open++;
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = arena.allocate(bytes, bytes < PAGE ? LINE : PAGE);
      return new HostBuffer(this, arena, memory);
    } catch (OutOfMemoryError e) {
      arena.close();
      closed(bytes);
      OutOfDeviceMemory refused = new OutOfDeviceMemory(bytes, budget - allocatedBytes());
      refused.initCause(e);
      throw refused;
    }
  }

  synchronized void closed(long bytes) {
    allocated -= bytes;
    open--;
  }

  @Override
  public synchronized long allocatedBytes() {
    return allocated;
  }

  @Override
  public synchronized int openBuffers() {
    return open;
  }
}
