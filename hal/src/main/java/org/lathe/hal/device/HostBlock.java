package org.lathe.hal.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A piece of the host's memory outside of the Java heap, with undefined contents: aligned to 128 bytes, from a page on to
 * 4096, and on huge pages where Linux has them. Belongs to whoever took it, who closes it once. Any thread.
 */
public final class HostBlock implements AutoCloseable {
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
    if (bytes >= HostRegions.GRANULE && regions != null) {
      return new HostBlock(MemorySegment.ofAddress(regions.take(bytes)).reinterpret(bytes), null);
    }
    Arena arena = Arena.ofShared();
    try {
      return new HostBlock(arena.allocate(bytes, bytes < HostRegions.GRANULE ? LINES : HostRegions.GRANULE), arena);
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
      Shared.REGIONS.give(memory.address(), memory.byteSize());
    }
  }
}
