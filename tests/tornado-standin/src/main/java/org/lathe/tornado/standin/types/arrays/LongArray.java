package org.lathe.tornado.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class LongArray extends TornadoNativeArray {
  public LongArray(int size) {
    super(zeros(8L * size));
  }

  public LongArray(MemorySegment memory) {
    super(memory);
  }

  public long get(int index) {
    return memory.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * index);
  }

  public void set(int index, long value) {
    memory.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * index, value);
  }
}
