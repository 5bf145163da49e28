package org.lathe.tornado.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class DoubleArray extends TornadoNativeArray {
  public DoubleArray(int size) {
    super(zeros(8L * size));
  }

  public DoubleArray(MemorySegment memory) {
    super(memory);
  }

  public double get(int index) {
    return memory.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * index);
  }

  public void set(int index, double value) {
    memory.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * index, value);
  }
}
