package org.lathe.backends.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * All of the process's memory as one segment of global scope, so that kernels work on absolute addresses.
 *
 * <p>The segment is a constant of the compiled code: an access costs one comparison, and no kernel carries segments
 * around. What keeps an address valid is the contract of {@code hal}: slices lie in open buffers, which {@code
 * ValidatingDevice} checks.
 */
final class Memory {
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;

  private Memory() {}

  static float getFloat(long address) {
    return ALL.get(F32, address);
  }

  static void putFloat(long address, float value) {
    ALL.set(F32, address, value);
  }

  static double getDouble(long address) {
    return ALL.get(F64, address);
  }

  static void putDouble(long address, double value) {
    ALL.set(F64, address, value);
  }

  static int getInt(long address) {
    return ALL.get(I32, address);
  }

  static void putInt(long address, int value) {
    ALL.set(I32, address, value);
  }

  static long getLong(long address) {
    return ALL.get(I64, address);
  }

  static void putLong(long address, long value) {
    ALL.set(I64, address, value);
  }

  static short getShort(long address) {
    return ALL.get(I16, address);
  }

  static void putShort(long address, short value) {
    ALL.set(I16, address, value);
  }

  static byte getByte(long address) {
    return ALL.get(ValueLayout.JAVA_BYTE, address);
  }

  static void putByte(long address, byte value) {
    ALL.set(ValueLayout.JAVA_BYTE, address, value);
  }

  static void copy(long source, long target, long bytes) {
    MemorySegment.copy(ALL, source, ALL, target, bytes);
  }

  static void fill(long address, long bytes, byte value) {
    ALL.asSlice(address, bytes).fill(value);
  }
}
