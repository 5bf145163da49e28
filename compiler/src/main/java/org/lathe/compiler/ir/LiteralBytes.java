package org.lathe.compiler.ir;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.lathe.hal.DType;

/** Elements as they lie in buffers, dense and little-endian, to and from float64. */
public final class LiteralBytes {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

  private LiteralBytes() {}

  /** All elements of {@code literal}, a splat written out. */
  public static byte[] encode(Literal literal) {
    byte[] bytes = new byte[Math.toIntExact(literal.type().bytes())];
    MemorySegment segment = MemorySegment.ofArray(bytes);
    long n = literal.type().size();
    for (long i = 0; i < n; i++) {
      set(segment, literal.type().dtype(), i, literal.get(i));
    }
    return bytes;
  }

  /** The literal whose elements lie at the start of {@code segment}. */
  public static Literal decode(TensorType type, MemorySegment segment) {
    double[] data = new double[Math.toIntExact(type.size())];
    for (int i = 0; i < data.length; i++) {
      data[i] = get(segment, type.dtype(), i);
    }
    return Literal.adopt(type, data);
  }

  /** Element {@code i} of {@code segment}. */
  public static double get(MemorySegment segment, DType dtype, long i) {
    return switch (dtype) {
      case F32 -> segment.get(F32, i * 4);
      case F64 -> segment.get(F64, i * 8);
      case F16 -> Float.float16ToFloat(segment.get(I16, i * 2));
      case BF16 -> Float.intBitsToFloat(segment.get(I16, i * 2) << 16);
      case I32 -> segment.get(I32, i * 4);
      case I64 -> segment.get(I64, i * 8);
      case U8 -> segment.get(I8, i) & 0xff;
      case BOOL -> segment.get(I8, i) == 0 ? 0 : 1;
    };
  }

  /** Stores element {@code i}, rounded to nearest even; integers as Java narrows, bool as {@code != 0}. */
  public static void set(MemorySegment segment, DType dtype, long i, double value) {
    switch (dtype) {
      case F32 -> segment.set(F32, i * 4, (float) value);
      case F64 -> segment.set(F64, i * 8, value);
      case F16 -> segment.set(I16, i * 2, Float.floatToFloat16(toOdd(value)));
      case BF16 -> segment.set(I16, i * 2, bfloat16(toOdd(value)));
      case I32 -> segment.set(I32, i * 4, (int) value);
      case I64 -> segment.set(I64, i * 8, (long) value);
      case U8 -> segment.set(I8, i, (byte) (long) value);
      case BOOL -> segment.set(I8, i, (byte) (value != 0 ? 1 : 0));
    }
  }

  /** The value of {@code dtype} nearest to {@code value}, ties to even: what a device would store. */
  public static double round(DType dtype, double value) {
    return switch (dtype) {
      case F64 -> value;
      case F32 -> (float) value;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(toOdd(value)));
      case BF16 -> Float.intBitsToFloat(bfloat16(toOdd(value)) << 16);
      case I32 -> (int) value;
      case I64 -> (long) value;
      case U8 -> (long) value & 0xff;
      case BOOL -> value != 0 ? 1 : 0;
    };
  }

  /** Rounds to odd, so that a second rounding to a narrower type rounds once. */
  private static float toOdd(double value) {
    float f = (float) value;
    if (f == value || Double.isNaN(value) || Float.isInfinite(f)) {
      return f;
    }
    int bits = Float.floatToRawIntBits(f);
    if ((bits & 1) == 1) {
      return f;
    }
    boolean away = Math.abs((double) f) > Math.abs(value);
    return Float.intBitsToFloat(away ? bits - 1 : bits + 1);
  }

  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
