package org.lathe.backends.simt.interp;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.simt.ir.Memory;

/** A parameter's memory. */
final class GlobalStore extends Store {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final GlobalMemory global;
  private final MemorySegment segment;
  private final int bytes;
  /** Null where nothing in the launch writes the memory. */
  private final @Nullable Accesses accesses;
  private final int cellsPerElement;

  /**
   * @param cellBytes the bytes that one cell of {@code accesses} stands for
   */
  GlobalStore(Machine machine, Memory memory, GlobalMemory global, @Nullable Accesses accesses, int cellBytes) {
    super(machine, memory);
    this.global = global;
    this.segment = global.segment();
    this.bytes = dtype.bytes();
    this.accesses = accesses;
    this.cellsPerElement = bytes / cellBytes;
  }

  @Override
  long address() {
    return global.address();
  }

  @Override
  void read(int item, long index) {
    if (!global.isWritten(index * bytes, bytes)) {
      throw uninitialized(item, index);
    }
    if (accesses != null) {
      for (int c = 0; c < cellsPerElement; c++) {
        accesses.read((int) index * cellsPerElement + c, item, index);
      }
    }
  }

  @Override
  void write(int item, long index) {
    global.markWritten(index * bytes, bytes);
    if (accesses != null) {
      for (int c = 0; c < cellsPerElement; c++) {
        accesses.write((int) index * cellsPerElement + c, item, index);
      }
    }
  }

  @Override
  double real(int item, long index) {
    long at = index * bytes;
    return switch (dtype) {
      case F32 -> Float.intBitsToFloat(segment.get(INT, at));
      case F64 -> Double.longBitsToDouble(segment.get(LONG, at));
      case F16 -> Float.float16ToFloat(segment.get(SHORT, at));
      case BF16 -> Float.intBitsToFloat(segment.get(SHORT, at) << 16);
      default -> throw new IllegalStateException(dtype + " is not floating");
    };
  }

  @Override
  long whole(int item, long index) {
    long at = index * bytes;
    return switch (dtype) {
      case I32 -> segment.get(INT, at);
      case I64 -> segment.get(LONG, at);
      default -> segment.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    };
  }

  @Override
  void put(int item, long index, double value) {
    long at = index * bytes;
    switch (dtype) {
      case F32 -> segment.set(INT, at, Float.floatToRawIntBits((float) value));
      case F64 -> segment.set(LONG, at, Double.doubleToRawLongBits(value));
      case F16 -> segment.set(SHORT, at, Float.floatToFloat16((float) value));
      case BF16 -> segment.set(SHORT, at, (short) (Float.floatToIntBits((float) value) >>> 16));
      default -> throw new IllegalStateException(dtype + " is not floating");
    }
  }

  @Override
  void put(int item, long index, long value) {
    long at = index * bytes;
    switch (dtype) {
      case I32 -> segment.set(INT, at, (int) value);
      case I64 -> segment.set(LONG, at, value);
      default -> segment.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }
  }
}
