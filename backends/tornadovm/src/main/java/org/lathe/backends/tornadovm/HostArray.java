package org.lathe.backends.tornadovm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An array of TornadoVM's whose data begin {@value #DATA} bytes after its start on the device, so that they are aligned there
 * as the device's memory is. The bytes between TornadoVM's header and the data hold a seal, which tells a copy from the
 * device that arrived from one that failed.
 */
final class HostArray {
  /** From the start of an array on the device. */
  static final int DATA = 128;
  private static final long SEAL = 0x6c61_7468_6500_5ea1L;

  private final Object array;
  private final MemorySegment all;
  private final MemorySegment data;

  /** @param padding the bytes between the header and the data */
  HostArray(TornadoApi api, Object array, int padding, long bytes) {
    this.array = array;
    this.all = api.data(array);
    this.data = all.asSlice(padding, bytes);
    all.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, SEAL);
  }

  /** TornadoVM's object. */
  Object array() {
    return array;
  }

  MemorySegment data() {
    return data;
  }

  /** Before a copy from the device. */
  void breakSeal() {
    all.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 0);
  }

  /** Whether a copy has arrived. Sealed afterwards in any case. */
  boolean isSealed() {
    boolean sealed = all.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) == SEAL;
    all.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, SEAL);
    return sealed;
  }
}
