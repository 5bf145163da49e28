package org.lathe.hal.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Off-heap memory of the host, aligned to 64 bytes, from a page on to 4096. Closed once, by its owner; see {@link Buffer}. */
public final class HostBuffer implements Buffer {
  private final HostAllocator owner;
  private final Arena arena;
  private final MemorySegment memory;
  private boolean closed;

  HostBuffer(HostAllocator owner, Arena arena, MemorySegment memory) {
    this.owner = owner;
    this.arena = arena;
    this.memory = memory;
  }

  /** Of its first byte. */
  public long address() {
    return memory.address();
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
    owner.closed(memory.byteSize());
  }
}
