package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.OutOfDeviceMemory;

/** Off-heap memory within a budget. Any thread. */
final class CpuAllocator implements Allocator {
  /** Of every buffer, in bytes: a page, so that whole cache lines and pages belong to one buffer. */
  static final long ALIGNMENT = 4096;

  private final long budget;
  private long allocated;
  private int open;

  CpuAllocator(long budget) {
    this.budget = budget;
  }

  @Override
  public CpuBuffer allocate(long bytes) {
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
      MemorySegment memory = arena.allocate(bytes, bytes < ALIGNMENT ? 64 : ALIGNMENT);
      return new CpuBuffer(this, arena, memory);
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
