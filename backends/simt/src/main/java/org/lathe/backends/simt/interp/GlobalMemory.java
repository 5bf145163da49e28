package org.lathe.backends.simt.interp;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Memory outside of kernels, with a note of which bytes were written so far. Bind the same object to every parameter that
 * names the same memory. Not for several threads.
 */
public final class GlobalMemory {
  private static final byte POISON = (byte) 0xff;
  private final MemorySegment segment;
  private final byte @Nullable [] written;
  private final long address;

  private GlobalMemory(MemorySegment segment, byte @Nullable [] written, long address) {
    this.segment = segment;
    this.written = written;
    this.address = address;
  }

  /** Memory with contents. */
  public static GlobalMemory of(MemorySegment segment) {
    return new GlobalMemory(segment, null, 0);
  }

  /** Memory that is yet to be written: its bytes are set to 0xff, and reading them is a fault. */
  public static GlobalMemory undefined(MemorySegment segment) {
    segment.fill(POISON);
    return new GlobalMemory(segment, new byte[Math.toIntExact(segment.byteSize())], 0);
  }

  /** New undefined memory in the heap. */
  public static GlobalMemory undefined(long bytes) {
    return undefined(MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]));
  }

  /** The same memory as if it began at this address, for the alignment of vectors. By default it is aligned to all. */
  public GlobalMemory at(long other) {
    return new GlobalMemory(segment, written, other);
  }

  long address() {
    return address;
  }

  public MemorySegment segment() {
    return segment;
  }

  /** All bytes, for comparisons. */
  public byte[] toArray() {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  boolean isWritten(long at, int bytes) {
    if (written == null) {
      return true;
    }
    for (int b = 0; b < bytes; b++) {
      if (written[(int) at + b] == 0) {
        return false;
      }
    }
    return true;
  }

  void markWritten(long at, int bytes) {
    if (written != null) {
      Arrays.fill(written, (int) at, (int) at + bytes, (byte) 1);
    }
  }
}
