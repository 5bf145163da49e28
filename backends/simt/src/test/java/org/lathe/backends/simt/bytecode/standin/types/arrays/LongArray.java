package org.lathe.backends.simt.bytecode.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class LongArray {
  private final MemorySegment memory;

  public LongArray(MemorySegment memory) {
    this.memory = memory;
  }

  public long get(int index) {
    return memory.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * index);
  }

  public void set(int index, long value) {
    memory.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * index, value);
  }
}
