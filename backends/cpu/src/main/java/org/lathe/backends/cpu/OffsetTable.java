package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Constant longs off the heap, for micro-kernels that find their rows through a table. Freed with its kernel. */
final class OffsetTable {
  private final MemorySegment memory;

  OffsetTable(long[] offsets) {
    memory = Arena.ofAuto().allocate(8L * Math.max(1, offsets.length), 64);
    MemorySegment.copy(offsets, 0, memory, ValueLayout.JAVA_LONG, 0, offsets.length);
  }

  long address() {
    return memory.address();
  }

  /** The address of entry {@code i}. */
  long at(long i) {
    return memory.address() + 8 * i;
  }
}
