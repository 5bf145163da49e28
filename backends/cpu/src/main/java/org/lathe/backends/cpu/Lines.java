package org.lathe.backends.cpu;

/**
 * Moves of lines of 4-byte elements between dense pictures and the planes of {@link PlanePooling}. Steps are in bytes,
 * from a line to the next; {@code n} is the number of elements in a line. Nothing beside the lines is read or written.
 */
interface Lines {
  void copy(long from, long fromStep, long to, long toStep, long lines, int n);

  /** Takes lines apart into their elements of even and of odd places. */
  void unzip(long from, long fromStep, long even, long odd, long toStep, long lines, int n);

  /** Puts together what {@link #unzip} takes apart. */
  void zip(long even, long odd, long fromStep, long to, long toStep, long lines, int n);

  /** {@code to[i] = from[i * fromStride]} and so on: elements that lie the given bytes apart. */
  static void stride(
      long from, long fromStride, long fromStep, long to, long toStride, long toStep, long lines, int n) {
    for (long y = 0; y < lines; y++) {
      for (int i = 0; i < n; i++) {
        Memory.putInt(to + y * toStep + i * toStride, Memory.getInt(from + y * fromStep + i * fromStride));
      }
    }
  }
}
