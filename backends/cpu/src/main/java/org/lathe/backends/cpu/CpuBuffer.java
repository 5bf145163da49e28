package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lathe.hal.device.Buffer;

/** Off-heap memory, aligned to {@link CpuAllocator#ALIGNMENT}. */
final class CpuBuffer implements Buffer {
  private final CpuAllocator owner;
  private final Arena arena;
  private final MemorySegment memory;
  private boolean closed;

  CpuBuffer(CpuAllocator owner, Arena arena, MemorySegment memory) {
    this.owner = owner;
    this.arena = arena;
    this.memory = memory;
  }

  long address() {
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
