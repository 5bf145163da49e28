package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** Single elements of every stored type, converted to the type in which their sums are made. */
final class Elements {
  private Elements() {}

  /** The type of the sums of products of {@code stored}: f32, f64, i32 or i64. */
  static DType sums(DType stored) {
    return switch (stored) {
      case F32, F16, BF16 -> DType.F32;
      case F64 -> DType.F64;
      case I64 -> DType.I64;
      case I32, U8, BOOL -> DType.I32;
    };
  }

  static float toFloat(DType stored, long address) {
    return switch (stored) {
      case F32 -> Memory.getFloat(address);
      case F16 -> Float.float16ToFloat(Memory.getShort(address));
      case BF16 -> Float.intBitsToFloat(Memory.getShort(address) << 16);
      default -> throw new IllegalArgumentException(stored + " is not read as f32");
    };
  }

  static int toInt(DType stored, long address) {
    return stored == DType.I32 ? Memory.getInt(address) : Memory.getByte(address) & 0xff;
  }

  /** Writes the element at {@code from} to {@code array[at]}, whose type is {@link #sums}. */
  static void load(DType stored, long from, Object array, int at) {
    switch (array) {
      case float[] f -> f[at] = toFloat(stored, from);
      case double[] d -> d[at] = Memory.getDouble(from);
      case int[] i -> i[at] = toInt(stored, from);
      case long[] l -> l[at] = Memory.getLong(from);
      default -> throw new IllegalArgumentException("not a scratch array: " + array.getClass());
    }
  }

  /** Writes the element at {@code from} to {@code to}, converted to {@link #sums}. */
  static void load(DType stored, long from, long to) {
    switch (stored) {
      case F32, F16, BF16 -> Memory.putFloat(to, toFloat(stored, from));
      case F64 -> Memory.putDouble(to, Memory.getDouble(from));
      case I64 -> Memory.putLong(to, Memory.getLong(from));
      case I32, U8, BOOL -> Memory.putInt(to, toInt(stored, from));
    }
  }

  /** Reads an element of a floating type. */
  static double toDouble(DType stored, long address) {
    return stored == DType.F64 ? Memory.getDouble(address) : toFloat(stored, address);
  }

  /** Rounds to a floating type and writes. */
  static void store(DType stored, long address, double value) {
    switch (stored) {
      case F32 -> Memory.putFloat(address, (float) value);
      case F64 -> Memory.putDouble(address, value);
      case F16 -> Memory.putShort(address, Float.floatToFloat16((float) value));
      case BF16 -> Memory.putShort(address, toBfloat16((float) value));
      default -> throw new IllegalArgumentException(stored + " is not floating");
    }
  }

  /** Rounds to nearest, ties to even; a NaN stays one. */
  static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }
}
