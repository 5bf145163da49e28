package org.lathe.backends.noop;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.OutOfDeviceMemory;

/**
 * Step 3 of a backend: memory. Transfers work here as everywhere, so that a caller can load parameters and read back what
 * it wrote.
 *
 * <p>The budget is kept by hand: many drivers allocate when memory is first touched, and fail then, too late.
 */
final class NullAllocator implements Allocator {
  private static final long ALIGNMENT = 64;

  private final long budget;
  private long allocated;
  private int open;

  NullAllocator(long budget) {
    this.budget = budget;
  }

  @Override
  public Buffer allocate(long bytes) {
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
    return new HostBuffer(bytes);
  }

  @Override
  public synchronized long allocatedBytes() {
    return allocated;
  }

  @Override
  public synchronized int openBuffers() {
    return open;
  }

  private synchronized void closed(long bytes) {
    allocated -= bytes;
    open--;
  }

  /** Memory of the host. A backend with memory of its own answers null to {@link #host}. */
  private final class HostBuffer implements Buffer {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private boolean closed;

    HostBuffer(long bytes) {
      memory = arena.allocate(bytes, ALIGNMENT);
    }

    @Override
    public long bytes() {
      return memory.byteSize();
    }

    @Override
    public void write(long offset, MemorySegment source) {
      MemorySegment.copy(source, 0, memory, offset, source.byteSize());
    }

    @Override
    public void read(long offset, MemorySegment target) {
      MemorySegment.copy(memory, offset, target, 0, target.byteSize());
    }

    @Override
    public MemorySegment host() {
      return memory;
    }

    @Override
    public void close() {
      synchronized (this) {
        if (closed) {
          return;
        }
        closed = true;
      }
      arena.close();
      NullAllocator.this.closed(memory.byteSize());
    }
  }
}
