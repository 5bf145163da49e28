package org.lathe.tornado.standin.types.arrays;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** In the place of TornadoVM's class of this name. */
public final class FloatArray extends TornadoNativeArray {
  public FloatArray(int size) {
    super(zeros(4L * size));
  }

  public FloatArray(MemorySegment memory) {
    super(memory);
  }

  public float get(int index) {
    return memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * index);
  }

  public void set(int index, float value) {
    memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * index, value);
  }
}
