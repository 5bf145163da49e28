package org.lathe.backends.aparapi;

import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.OutOfDeviceMemory;

/** Memory on the Java heap, the only memory that Aparapi takes, within a part of the heap's limit. Any thread. */
final class ArenaAllocator implements Allocator {
  /** OpenCL has no buffers of no bytes. */
  private static final int LEAST_BYTES = 64;
  private static final int MOST_BYTES = Integer.MAX_VALUE - 64;

  private final long budget;
  private long allocated;
  private int open;

  ArenaAllocator(long budget) {
    this.budget = budget;
  }

  /** Three quarters of what the heap may grow to. */
  static long heapBudget() {
    return Runtime.getRuntime().maxMemory() / 4 * 3;
  }

  @Override
  public ArenaBuffer allocate(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
    }
    synchronized (this) {
      long free = Math.min(MOST_BYTES, budget - allocated);
      if (bytes > free) {
        throw new OutOfDeviceMemory(bytes, free);
      }
      allocated += bytes;
      open++;
    }
    try {
      return new ArenaBuffer(this, new byte[(int) Math.max(LEAST_BYTES, bytes)], bytes);
    } catch (OutOfMemoryError e) {
      closed(bytes);
      OutOfDeviceMemory refused = new OutOfDeviceMemory(bytes, Math.min(bytes - 1, Runtime.getRuntime().freeMemory()));
      refused.initCause(e);
      throw refused;
    }
  }

  @Override
  public synchronized long allocatedBytes() {
    return allocated;
  }

  @Override
  public synchronized int openBuffers() {
    return open;
  }

  synchronized void closed(long bytes) {
    allocated -= bytes;
    open--;
  }
}
