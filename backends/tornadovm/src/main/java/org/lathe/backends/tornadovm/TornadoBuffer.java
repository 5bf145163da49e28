package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Buffer;

/** Memory of the host, with copies in execution plans that may be newer. */
final class TornadoBuffer implements Buffer {
  private final TornadoAllocator allocator;
  private final long bytes;
  private @Nullable HostArray array;
  /** The slots that are bound to a part of this. */
  private final List<Slot> slots = new ArrayList<>();

  TornadoBuffer(TornadoAllocator allocator, HostArray array, long bytes) {
    this.allocator = allocator;
    this.array = array;
    this.bytes = bytes;
  }

  TornadoAllocator allocator() {
    return allocator;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** The host's copy. */
  HostArray array() {
    HostArray open = array;
    if (open == null) {
      throw new IllegalStateException("a buffer of " + bytes + " bytes is used after it was closed");
    }
    return open;
  }

  boolean isOpen() {
    return array != null;
  }

  /** Leaves the array to a slot, and goes on with a copy. */
  void moveOut() {
    if (array != null) {
      HostArray copy = allocator.array(bytes);
      MemorySegment.copy(array.data(), 0, copy.data(), 0, bytes);
      array = copy;
    }
  }

  void join(Slot slot) {
    slots.add(slot);
  }

  void leave(Slot slot) {
    slots.remove(slot);
  }

  /** Before these bytes are read, by the host or for another slot: brings what is newer on a device. */
  void gather(long offset, long length, @Nullable Slot except) {
    for (Slot s : slots) {
      if (s != except && s.overlaps(offset, length)) {
        s.bring();
      }
    }
  }

  /** Before these bytes are replaced: brings what is newer around them, and makes all copies older but one. */
  void replace(long offset, long length, @Nullable Slot by) {
    for (Slot s : slots) {
      if (s != by && s.overlaps(offset, length)) {
        if (!s.isWithin(offset, length)) {
          s.bring();
        }
        s.outdate();
      }
    }
  }

  @Override
  public void write(long offset, MemorySegment source) {
    Objects.checkFromIndexSize(offset, source.byteSize(), bytes);
    synchronized (Engine.TURN) {
      HostArray host = array();
      replace(offset, source.byteSize(), null);
      MemorySegment.copy(source, 0, host.data(), offset, source.byteSize());
    }
  }

  @Override
  public void read(long offset, MemorySegment target) {
    Objects.checkFromIndexSize(offset, target.byteSize(), bytes);
    synchronized (Engine.TURN) {
      HostArray host = array();
      gather(offset, target.byteSize(), null);
      MemorySegment.copy(host.data(), offset, target, 0, target.byteSize());
    }
  }

  /** None: what the host has may be older than a device's copy. */
  @Override
  public @Nullable MemorySegment host() {
    return null;
  }

  @Override
  public void close() {
    synchronized (Engine.TURN) {
      if (array == null) {
        return;
      }
      array = null;
    }
    allocator.closed(bytes);
  }
}
