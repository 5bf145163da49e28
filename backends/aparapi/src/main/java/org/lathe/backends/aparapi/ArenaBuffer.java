package org.lathe.backends.aparapi;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.HostBlock;

/** A byte array, or memory outside of the heap. Runs have ended when they return, so that transfers are plain copies. */
final class ArenaBuffer implements Buffer {
  private final ArenaAllocator allocator;
  private final long bytes;
  private final @Nullable HostBlock owner;
  private @Nullable MemorySegment memory;
  private byte @Nullable [] array;

  /**
   * @param memory all of it; at least 64 bytes
   * @param array what the memory is, if it is an array
   * @param owner closed with the buffer
   */
  ArenaBuffer(
      ArenaAllocator allocator, MemorySegment memory, long bytes, byte @Nullable [] array, @Nullable HostBlock owner) {
    this.allocator = allocator;
    this.memory = memory;
    this.array = array;
    this.bytes = bytes;
    this.owner = owner;
  }

  ArenaAllocator allocator() {
    return allocator;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  private synchronized MemorySegment memory() {
    MemorySegment open = memory;
    if (open == null) {
      throw closed();
    }
    return open;
  }

  private IllegalStateException closed() {
    return new IllegalStateException("a buffer of " + bytes + " bytes is used after it was closed");
  }

  /** All of its memory, of a buffer on the heap. */
  synchronized byte[] array() {
    byte[] open = array;
    if (open == null) {
      throw owner == null ? closed() : new IllegalStateException("a buffer outside of the heap is no array");
    }
    return open;
  }

  /** Where it begins, of a buffer outside of the heap. */
  long address() {
    if (owner == null) {
      throw new IllegalStateException("an array has no address");
    }
    return memory().address();
  }

  byte byteAt(long offset) {
    return memory().get(ValueLayout.JAVA_BYTE, offset);
  }

  @Override
  public void write(long offset, MemorySegment source) {
    memory().asSlice(0, bytes).asSlice(offset, source.byteSize()).copyFrom(source);
  }

  @Override
  public void read(long offset, MemorySegment target) {
    target.copyFrom(memory().asSlice(0, bytes).asSlice(offset, target.byteSize()));
  }

  /** Null for an array: it moves, and has no alignment that others could rely on. */
  @Override
  public @Nullable MemorySegment host() {
    return owner == null ? null : memory().asSlice(0, bytes);
  }

  @Override
  public void close() {
    synchronized (this) {
      if (memory == null) {
        return;
      }
      memory = null;
      array = null;
    }
    if (owner != null) {
      owner.close();
    }
    allocator.closed(bytes);
  }
}
