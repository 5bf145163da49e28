package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** Single elements of any type. */
final class Scalars {
  private Scalars() {}

  static double real(DType type, long address) {
    return switch (type) {
      case F32 -> Memory.getFloat(address);
      case F64 -> Memory.getDouble(address);
      case F16 -> Float.float16ToFloat(Memory.getShort(address));
      case BF16 -> Float.intBitsToFloat(Memory.getShort(address) << 16);
      default -> throw new IllegalArgumentException(type + " is not floating");
    };
  }

  static void putReal(DType type, long address, double value) {
    switch (type) {
      case F32 -> Memory.putFloat(address, (float) value);
      case F64 -> Memory.putDouble(address, value);
      case F16 -> Memory.putShort(address, Float.floatToFloat16((float) value));
      case BF16 -> Memory.putShort(address, bf16((float) value));
      default -> throw new IllegalArgumentException(type + " is not floating");
    }
  }

  /** The bits of the nearest bfloat16, ties to even. */
  static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (value != value) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  static long whole(DType type, long address) {
    return switch (type) {
      case I32 -> Memory.getInt(address);
      case I64 -> Memory.getLong(address);
      case U8, BOOL -> Memory.getByte(address) & 0xff;
      default -> throw new IllegalArgumentException(type + " is not an integer");
    };
  }

  static void putWhole(DType type, long address, long value) {
    switch (type) {
      case I32 -> Memory.putInt(address, (int) value);
      case I64 -> Memory.putLong(address, value);
      case U8, BOOL -> Memory.putByte(address, (byte) value);
      default -> throw new IllegalArgumentException(type + " is not an integer");
    }
  }

  /**
   * A key whose unsigned order is the order of the elements: all NaNs alike and above everything else, -0 as 0, so that
   * elements that are equal have equal keys.
   */
  static long key(DType type, long address) {
    if (!type.isFloating()) {
      return whole(type, address) ^ Long.MIN_VALUE;
    }
    double x = real(type, address);
    if (x != x) {
      return -1;
    }
    long bits = Double.doubleToRawLongBits(x + 0.0);
    return bits < 0 ? ~bits : bits ^ Long.MIN_VALUE;
  }

  /** Whether an element is NaN. */
  static boolean isNaN(DType type, long address) {
    return type.isFloating() && Double.isNaN(real(type, address));
  }
}
