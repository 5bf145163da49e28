package org.lathe.backends.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClException;
import org.lathe.backends.opencl.cl.ClMemory;
import org.lathe.backends.opencl.cl.ClQueue;

/**
 * One piece of a driver's memory, in which one or several buffers lie. Taking and giving parts is guarded by the allocator;
 * the rest is immutable.
 */
final class Block implements AutoCloseable {
  private static final long PAGE = 4096;

  private final ClMemory memory;
  private final @Nullable Arena arena;
  private final @Nullable MemorySegment host;
  /** Lengths of the gaps by where they begin; neighbours are always joined. */
  private final TreeMap<Long, Long> gaps = new TreeMap<>();

  private Block(ClMemory memory, @Nullable Arena arena, @Nullable MemorySegment host) {
    this.memory = memory;
    this.arena = arena;
    this.host = host;
    gaps.put(0L, memory.bytes());
  }

  /**
   * New memory, which is really there: drivers that allocate lazily are made to do it now, while a failure harms nothing.
   *
   * @throws OutOfMemoryError if the host has no more
   */
  static Block of(Session session, long bytes) {
    return switch (session.memory()) {
      case SHARED -> shared(session, bytes);
      case MAPPED -> new Block(session.context().hostReachableMemory(bytes), null, null);
      case STAGED -> onDevice(session, bytes);
    };
  }

  private static Block shared(Session session, long bytes) {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment host = arena.allocate(bytes, PAGE);
      return new Block(session.context().memoryOver(host), arena, host);
    } catch (ClException | OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  private static Block onDevice(Session session, long bytes) {
    ClMemory memory = session.context().memory(bytes);
    try (ClQueue queue = session.context().queue(false)) {
      queue.fill(memory, bytes - 1, 1, (byte) 0);
      queue.finish();
      return new Block(memory, null, null);
    } catch (ClException e) {
      memory.close();
      throw e;
    }
  }

  ClMemory memory() {
    return memory;
  }

  /** Null where the host cannot address it. */
  @Nullable
  MemorySegment host() {
    return host;
  }

  long bytes() {
    return memory.bytes();
  }

  boolean isEmpty() {
    return gaps.size() == 1 && gaps.firstEntry().getValue() == memory.bytes();
  }

  /** Takes {@code bytes} from the first gap that has them. @return where they begin, or -1 */
  long take(long bytes) {
    for (Map.Entry<Long, Long> gap : gaps.entrySet()) {
      long offset = gap.getKey();
      long length = gap.getValue();
      if (length >= bytes) {
        gaps.remove(offset);
        if (length > bytes) {
          gaps.put(offset + bytes, length - bytes);
        }
        return offset;
      }
    }
    return -1;
  }

  /** Gives back what {@link #take} gave. */
  void giveBack(long offset, long bytes) {
    long begin = offset;
    long length = bytes;
    Map.Entry<Long, Long> before = gaps.lowerEntry(offset);
    if (before != null && before.getKey() + before.getValue() == offset) {
      begin = before.getKey();
      length += before.getValue();
    }
    Long after = gaps.remove(offset + bytes);
    gaps.put(begin, after == null ? length : length + after);
  }

  /** The device's part goes first: it lies in the host's. */
  @Override
  public void close() {
    memory.close();
    if (arena != null) {
      arena.close();
    }
  }
}
