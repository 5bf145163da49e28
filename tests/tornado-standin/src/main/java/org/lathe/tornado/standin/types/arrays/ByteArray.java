package org.lathe.tornado.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class ByteArray extends TornadoNativeArray {
  public ByteArray(int size) {
    super(zeros(1L * size));
  }

  public ByteArray(MemorySegment memory) {
    super(memory);
  }

  public byte get(int index) {
    return memory.get(ValueLayout.JAVA_BYTE, 1L * index);
  }

  public void set(int index, byte value) {
    memory.set(ValueLayout.JAVA_BYTE, 1L * index, value);
  }
}
