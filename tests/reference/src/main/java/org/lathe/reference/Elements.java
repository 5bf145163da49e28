package org.lathe.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Operand;

/**
 * Memory as elements of one dtype: the slice bound to one operand. Little-endian, dense, at any alignment. Indices outside
 * of it throw {@link IndexOutOfBoundsException}.
 *
 * @param segment of at least the bytes that will be touched; owned by the caller
 */
public record Elements(DType dtype, MemorySegment segment) {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final byte POISON = (byte) 0xff;

  /** New memory in the heap for so many elements, all bits set: NaN, or -1. */
  public static Elements poisoned(DType dtype, long elements) {
    MemorySegment s = MemorySegment.ofArray(new byte[Math.toIntExact(elements * dtype.bytes())]);
    return new Elements(dtype, s.fill(POISON));
  }

  /** Poisoned memory for each operand. */
  public static List<Elements> poisoned(List<Operand> operands) {
    List<Elements> all = new ArrayList<>();
    for (Operand o : operands) {
      all.add(poisoned(o.dtype(), o.elements()));
    }
    return all;
  }

  public Elements copy() {
    return new Elements(dtype, MemorySegment.ofArray(segment.toArray(ValueLayout.JAVA_BYTE)));
  }

  public long size() {
    return segment.byteSize() / dtype.bytes();
  }

  public Scalar get(long i) {
    long at = i * dtype.bytes();
    return switch (dtype) {
      case F32 -> Scalar.real(Float.intBitsToFloat(segment.get(INT, at)));
      case F64 -> Scalar.real(Double.longBitsToDouble(segment.get(LONG, at)));
      case F16 -> Scalar.real(Float.float16ToFloat(segment.get(SHORT, at)));
      case BF16 -> Scalar.real(Float.intBitsToFloat(segment.get(SHORT, at) << 16));
      case I32 -> new Scalar(0, segment.get(INT, at));
      case I64 -> new Scalar(0, segment.get(LONG, at));
      case U8, BOOL -> new Scalar(0, segment.get(ValueLayout.JAVA_BYTE, at) & 0xff);
    };
  }

  /** The element as a number. */
  public double real(long i) {
    return get(i).asDouble(dtype);
  }

  /** Stores the value, rounded to the dtype. */
  public void set(long i, Scalar v) {
    long at = i * dtype.bytes();
    switch (dtype) {
      case F32 -> segment.set(INT, at, Float.floatToIntBits((float) v.real()));
      case F64 -> segment.set(LONG, at, Double.doubleToLongBits(v.real()));
      case F16 -> segment.set(SHORT, at, Float.floatToFloat16((float) v.real()));
      case BF16 -> segment.set(SHORT, at,
          (short) (Float.floatToIntBits((float) Scalar.round(DType.BF16, v.real())) >>> 16));
      case I32 -> segment.set(INT, at, (int) v.whole());
      case I64 -> segment.set(LONG, at, v.whole());
      case U8, BOOL -> segment.set(ValueLayout.JAVA_BYTE, at, (byte) v.whole());
    }
  }

  /** Stores a number, rounded or truncated to the dtype. */
  public void set(long i, double value) {
    set(i, Scalar.number(dtype, value));
  }

  /** All elements as numbers. */
  public double[] toArray() {
    double[] v = new double[Math.toIntExact(size())];
    for (int i = 0; i < v.length; i++) {
      v[i] = real(i);
    }
    return v;
  }

  /** Stores all of these numbers from element 0 on. */
  public void set(double[] values) {
    for (int i = 0; i < values.length; i++) {
      set(i, values[i]);
    }
  }
}
