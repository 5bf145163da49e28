package org.lathe.backends.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lathe.hal.DType;

/**
 * Scratch arrays on the heap, for what a micro-kernel reads one element at a time.
 *
 * @param type of the elements: f32, f64, i32 or i64
 * @param shared the length of the array that the workers share
 * @param each the length of the array that each worker has to itself
 */
record HeapScratch(DType type, int shared, int each) {
  static final HeapScratch NONE = new HeapScratch(DType.F32, 0, 0);

  /** A new array of {@code length} elements of {@code type}. */
  static Object array(DType type, int length) {
    return switch (type) {
      case F32 -> new float[length];
      case F64 -> new double[length];
      case I32 -> new int[length];
      case I64 -> new long[length];
      default -> throw new IllegalArgumentException("no scratch arrays of " + type);
    };
  }

  /** Copies {@code n} elements of {@code type} from an address to the head of an array. */
  static void copy(DType type, long from, Object array, int n) {
    ValueLayout layout = switch (type) {
      case F32 -> ValueLayout.JAVA_FLOAT_UNALIGNED;
      case F64 -> ValueLayout.JAVA_DOUBLE_UNALIGNED;
      case I32 -> ValueLayout.JAVA_INT_UNALIGNED;
      case I64 -> ValueLayout.JAVA_LONG_UNALIGNED;
      default -> throw new IllegalArgumentException("no scratch arrays of " + type);
    };
    MemorySegment.copy(Memory.ALL, layout, from, array, 0, n);
  }
}
