package org.lathe.backends.simt.bytecode.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class DoubleArray {
  private final MemorySegment memory;

  public DoubleArray(MemorySegment memory) {
    this.memory = memory;
  }

  public double get(int index) {
    return memory.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * index);
  }

  public void set(int index, double value) {
    memory.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * index, value);
  }
}
