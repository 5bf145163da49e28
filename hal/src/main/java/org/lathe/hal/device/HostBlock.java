package org.lathe.hal.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A piece of the host's memory outside of the Java heap, with undefined contents: aligned to 128 bytes, from a page on to
 * 4096, and on huge pages where Linux has them. Behind its end kernels may read {@link #READABLE_BEHIND} bytes, of no
 * known contents. Belongs to whoever took it, who closes it once. Any thread.
 */
public final class HostBlock implements AutoCloseable {
  /**
   * Bytes behind the end that may be read: a kernel that works on vectors need not treat the last, incomplete one of a
   * matrix in another way, as long as it throws away what it made of the rest.
   */
  public static final long READABLE_BEHIND = 64;

  private static final long LINES = 128;

  private static final class Shared {
    static final @Nullable HostRegions REGIONS = VirtualMemory.ofSystem().map(HostRegions::new).orElse(null);
  }

  private final MemorySegment memory;
  /** Null where the memory is of the process's regions. */
  private final @Nullable Arena arena;

  private HostBlock(MemorySegment memory, @Nullable Arena arena) {
    this.memory = memory;
    this.arena = arena;
  }

  /** @throws OutOfMemoryError if the system has no more */
  public static HostBlock take(long bytes) {
    HostRegions regions = Shared.REGIONS;
    long readable = Math.min(bytes, Long.MAX_VALUE - READABLE_BEHIND) + READABLE_BEHIND;
    if (bytes >= HostRegions.GRANULE && regions != null) {
      return new HostBlock(MemorySegment.ofAddress(regions.take(readable)).reinterpret(bytes), null);
    }
    Arena arena = Arena.ofShared();
    try {
      long alignment = bytes < HostRegions.GRANULE ? LINES : HostRegions.GRANULE;
      return new HostBlock(arena.allocate(readable, alignment).asSlice(0, bytes), arena);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  /** Not to be used after {@link #close}. */
  public MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    } else if (Shared.REGIONS != null) {
      Shared.REGIONS.give(memory.address(), memory.byteSize() + READABLE_BEHIND);
    }
  }
}
