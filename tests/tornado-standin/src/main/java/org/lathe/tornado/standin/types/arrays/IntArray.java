package org.lathe.tornado.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class IntArray extends TornadoNativeArray {
  public IntArray(int size) {
    super(zeros(4L * size));
  }

  public IntArray(MemorySegment memory) {
    super(memory);
  }

  public int get(int index) {
    return memory.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * index);
  }

  public void set(int index, int value) {
    memory.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * index, value);
  }
}
