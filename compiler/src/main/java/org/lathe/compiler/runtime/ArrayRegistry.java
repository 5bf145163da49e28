package org.lathe.compiler.runtime;

import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Buffer;
import org.lathe.hal.device.OutOfDeviceMemory;

/**
 * The memory of all arrays of one {@link Lathe}. Buffers of closed arrays are kept for the next array of their size,
 * since opening and closing a buffer costs a device more than a small kernel. Any thread.
 */
final class ArrayRegistry {
  private static final Cleaner CLEANER = Cleaner.create();

  private final Allocator allocator;
  private final long keptLimit;
  private final Set<ArrayMemory> open = new HashSet<>();
  private final Map<Long, ArrayDeque<Buffer>> kept = new HashMap<>();
  private long keptBytes;
  private long leaked;
  private boolean closed;

  /**
   * @param keptLimit how many bytes of closed arrays to keep; 0 gives each buffer back at once
   */
  ArrayRegistry(Allocator allocator, long keptLimit) {
    this.allocator = allocator;
    this.keptLimit = keptLimit;
  }

  /** A buffer with undefined contents. */
  Buffer allocate(long bytes) {
    long rounded = Math.max(64, (bytes + 63) / 64 * 64);
    Buffer reused = take(rounded);
    if (reused != null) {
      return reused;
    }
    try {
      return allocator.allocate(rounded);
    } catch (OutOfDeviceMemory e) {
      if (!trim()) {
        throw e;
      }
      return allocator.allocate(rounded);
    }
  }

  private synchronized @Nullable Buffer take(long bytes) {
    if (closed) {
      throw new IllegalStateException("this Lathe is closed");
    }
    ArrayDeque<Buffer> same = kept.get(bytes);
    Buffer buffer = same == null ? null : same.pollLast();
    if (buffer != null) {
      keptBytes -= bytes;
    }
    return buffer;
  }

  Cleaner.Cleanable register(Array array, ArrayMemory memory) {
    synchronized (this) {
      open.add(memory);
    }
    return CLEANER.register(array, memory);
  }

  /** Whether the memory was still known: then the caller disposes of its buffer. */
  synchronized boolean forget(ArrayMemory memory, boolean wasLeaked) {
    boolean known = open.remove(memory);
    if (known && wasLeaked) {
      leaked++;
    }
    return known;
  }

  /** Keeps a closed array's buffer, or closes it. */
  void recycle(Buffer buffer) {
    synchronized (this) {
      if (!closed && keptBytes + buffer.bytes() <= keptLimit) {
        kept.computeIfAbsent(buffer.bytes(), b -> new ArrayDeque<>()).addLast(buffer);
        keptBytes += buffer.bytes();
        return;
      }
    }
    buffer.close();
  }

  /** Closes all kept buffers; whether there were any. */
  boolean trim() {
    List<Buffer> all = new ArrayList<>();
    synchronized (this) {
      kept.values().forEach(all::addAll);
      kept.clear();
      keptBytes = 0;
    }
    all.forEach(Buffer::close);
    return !all.isEmpty();
  }

  synchronized int openArrays() {
    return open.size();
  }

  synchronized long leakedArrays() {
    return leaked;
  }

  /** Closes all arrays, those in use as well: no run may be under way. */
  void close() {
    List<ArrayMemory> rest;
    synchronized (this) {
      closed = true;
      rest = new ArrayList<>(open);
    }
    rest.forEach(ArrayMemory::closeWithLathe);
    trim();
  }
}
