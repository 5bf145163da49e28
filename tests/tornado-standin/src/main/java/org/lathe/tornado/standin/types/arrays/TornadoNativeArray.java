package org.lathe.tornado.standin.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** In the place of TornadoVM's class of this name. The host's memory has no header here; the device's copies have one. */
public abstract class TornadoNativeArray {
  public static final long ARRAY_HEADER = 16;
  final MemorySegment memory;

  TornadoNativeArray(MemorySegment memory) {
    this.memory = memory;
  }

  static MemorySegment zeros(long bytes) {
    return Arena.ofAuto().allocate(Math.max(1, bytes), 16).asSlice(0, bytes);
  }

  /** Without the header. */
  public final MemorySegment getSegment() {
    return memory;
  }
}
