package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.lathe.hal.DType;

/** Compares arrays bit for bit, but for the bits of a NaN: Java leaves it to the compiler which operand's NaN goes on. */
final class SameBits {
  private SameBits() {}

  static void check(DType type, long elements, long expected, long found, String what) {
    for (long i = 0; i < elements; i++) {
      long at = i * type.bytes();
      assertEquals(bits(type, expected + at), bits(type, found + at), what + ", element " + i);
    }
  }

  /** The same for every NaN of a type. */
  private static long bits(DType type, long address) {
    return switch (type) {
      case F32 -> Float.floatToIntBits(Memory.getFloat(address));
      case F64 -> Double.doubleToLongBits(Memory.getDouble(address));
      case F16 -> Float.floatToIntBits(Float.float16ToFloat(Memory.getShort(address)));
      case BF16 -> Float.floatToIntBits(Float.intBitsToFloat(Memory.getShort(address) << 16));
      case I32 -> Memory.getInt(address);
      case I64 -> Memory.getLong(address);
      case U8, BOOL -> Memory.getByte(address);
    };
  }
}
