package org.lathe.backends.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lathe.hal.DType;

/**
 * Copies parts of matrices into the order in which micro-kernels read them, converting the element type on the way. All
 * strides are in elements.
 */
final class Packing {
  private Packing() {}

  /**
   * Packs {@code rows} x {@code k} elements of the left factor into {@code array} from {@code at} on, each row's k one after
   * the other.
   *
   * @param pitch of the packed rows
   */
  static void left(
      DType stored, long from, long rowStride, long kStride, int rows, int k, Object array, int at, int pitch) {
    for (int r = 0; r < rows; r++) {
      line(stored, from + r * rowStride * stored.bytes(), kStride, k, array, at + r * pitch);
    }
  }

  /** The same with all rows side by side for each k, and {@code step} elements from one k to the next. */
  static void leftSideBySide(
      DType stored, long from, long rowStride, long kStride, int rows, int k, Object array, int at, int step) {
    if (stored == DType.F32 && rowStride == 1 && rows == step && VectorPacking.LANES == step && Simd.PRESENT
        && VectorPacking.READY.now()) {
      VectorPacking.sideBySide(from, 4 * kStride, k, (float[]) array, at);
      return;
    }
    for (int i = 0; i < k; i++) {
      line(stored, from + i * kStride * stored.bytes(), rowStride, rows, array, at + i * step);
    }
  }

  private static void line(DType stored, long from, long stride, int n, Object array, int at) {
    if (stored == DType.F32 && array instanceof float[] f) {
      if (stride == 1 && n >= 24) {
        MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, from, f, at, n);
      } else {
        for (int i = 0; i < n; i++) {
          f[at + i] = Memory.getFloat(from + 4 * i * stride);
        }
      }
      return;
    }
    long step = stride * stored.bytes();
    for (int i = 0; i < n; i++) {
      Elements.load(stored, from + i * step, array, at + i);
    }
  }

  /**
   * Packs {@code k} x {@code columns} elements of the right factor to {@code to}: rows of {@code width} elements, filled
   * up with zeros.
   */
  static void right(
      DType stored, boolean vector, long from, long kStride, long columnStride, int k, int columns, long to,
      int width) {
    DType sums = Elements.sums(stored);
    if (columns < width) {
      Memory.fill(to, (long) k * width * sums.bytes(), (byte) 0);
    }
    if (stored == DType.F32 && columnStride == 1) {
      rows(vector, from, 4 * kStride, k, columns, to, 4L * width);
    } else if (stored == DType.F32 && kStride == 1) {
      transposed(from, 4 * columnStride, k, columns, to, 4L * width);
    } else {
      int bytes = stored.bytes();
      int toBytes = sums.bytes();
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < columns; j++) {
          Elements.load(stored, from + (i * kStride + j * columnStride) * bytes, to + ((long) i * width + j) * toBytes);
        }
      }
    }
  }

  /**
   * The same in panels, one behind the other: each of {@code panel} columns, the last of as many vectors as it needs.
   *
   * @param lanes the columns of a vector
   */
  static void rightPanels(
      DType stored, boolean vector, long from, long kStride, long columnStride, int k, int columns, long to, int panel,
      int lanes) {
    int whole = columns / panel;
    long bytes = Elements.sums(stored).bytes();
    if (whole > 1 && stored == DType.F32 && columnStride == 1 && vector && VectorPacking.READY.now()) {
      VectorPacking.panels(from, 4 * kStride, k, whole, panel, to);
    } else {
      for (int p = 0; p < whole; p++) {
        right(stored, vector, from + p * panel * columnStride * stored.bytes(), kStride, columnStride, k, panel,
            to + (long) p * panel * k * bytes, panel);
      }
    }
    int done = whole * panel;
    if (done < columns) {
      right(stored, vector, from + done * columnStride * stored.bytes(), kStride, columnStride, k, columns - done,
          to + (long) done * k * bytes, Math.ceilDiv(columns - done, lanes) * lanes);
    }
  }

  /** Copies {@code k} rows of {@code columns} elements of 32 bits. Steps are in bytes. */
  static void rows(boolean vector, long from, long fromStep, int k, int columns, long to, long toStep) {
    if (vector && VectorPacking.READY.now()) {
      VectorPacking.rows(from, fromStep, k, columns, to, toStep);
      return;
    }
    for (int i = 0; i < k; i++) {
      Memory.copy(from + i * fromStep, to + i * toStep, 4L * columns);
    }
  }

  /**
   * Element i of column j goes to {@code to + i * toStep + 4 * j}. Two columns and two rows at a time, so that two elements
   * are loaded and stored at once. Steps are in bytes.
   */
  static void transposed(long from, long columnStep, int k, int columns, long to, long toStep) {
    int j = 0;
    for (; j + 1 < columns; j += 2) {
      long first = from + j * columnStep;
      long second = first + columnStep;
      long target = to + 4L * j;
      int i = 0;
      for (; i + 1 < k; i += 2) {
        long a = Memory.getLong(first + 4L * i);
        long b = Memory.getLong(second + 4L * i);
        Memory.putLong(target, b << 32 | a & 0xffff_ffffL);
        Memory.putLong(target + toStep, b & 0xffff_ffff_0000_0000L | a >>> 32);
        target += 2 * toStep;
      }
      if (i < k) {
        Memory.putInt(target, Memory.getInt(first + 4L * i));
        Memory.putInt(target + 4, Memory.getInt(second + 4L * i));
      }
    }
    if (j < columns) {
      for (int i = 0; i < k; i++) {
        Memory.putInt(to + 4L * j + i * toStep, Memory.getInt(from + j * columnStep + 4L * i));
      }
    }
  }
}
