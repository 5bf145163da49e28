package org.lathe.backends.aparapi;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Buffer;

/** A byte array of the heap. Runs have ended when they return, so that transfers are plain copies. */
final class ArenaBuffer implements Buffer {
  private final ArenaAllocator allocator;
  private final long bytes;
  private byte @Nullable [] array;

  ArenaBuffer(ArenaAllocator allocator, byte[] array, long bytes) {
    this.allocator = allocator;
    this.array = array;
    this.bytes = bytes;
  }

  ArenaAllocator allocator() {
    return allocator;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** All of its memory; at least 64 bytes. */
  synchronized byte[] array() {
    byte[] open = array;
    if (open == null) {
      throw new IllegalStateException("a buffer of " + bytes + " bytes is used after it was closed");
    }
    return open;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    Objects.checkFromIndexSize(offset, source.byteSize(), bytes);
    MemorySegment.copy(source, 0, MemorySegment.ofArray(array()), offset, source.byteSize());
  }

  @Override
  public void read(long offset, MemorySegment target) {
    Objects.checkFromIndexSize(offset, target.byteSize(), bytes);
    MemorySegment.copy(MemorySegment.ofArray(array()), offset, target, 0, target.byteSize());
  }

  /** None: the array moves, and has no alignment that others could rely on. */
  @Override
  public @Nullable MemorySegment host() {
    return null;
  }

  @Override
  public void close() {
    synchronized (this) {
      if (array == null) {
        return;
      }
      array = null;
    }
    allocator.closed(bytes);
  }
}
