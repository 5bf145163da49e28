package org.lathe.backends.cpu;

/** Strided copies of small tiles into dense scratch memory. */
final class Tiles {
  private Tiles() {}

  /**
   * Copies element (i, j), at {@code source + i * rowStep + j * columnStep}, to {@code target + (i * pitch + j) *
   * bytes}. Reads along the rows when those are dense, so that each cache line is read once.
   *
   * @param rowStep in bytes
   * @param columnStep in bytes
   * @param pitch elements from row to row of the target
   */
  static void copy(
      long source, long rowStep, long columnStep, long target, int pitch, int rows, int columns, int bytes) {
    boolean along = Math.abs(rowStep) < Math.abs(columnStep);
    int outer = along ? columns : rows;
    int inner = along ? rows : columns;
    long outerStep = along ? columnStep : rowStep;
    long innerStep = along ? rowStep : columnStep;
    long outerTarget = along ? bytes : (long) pitch * bytes;
    long innerTarget = along ? (long) pitch * bytes : bytes;
    for (int i = 0; i < outer; i++) {
      long from = source + i * outerStep;
      long to = target + i * outerTarget;
      switch (bytes) {
        case 1 -> line1(from, innerStep, to, innerTarget, inner);
        case 2 -> line2(from, innerStep, to, innerTarget, inner);
        case 4 -> line4(from, innerStep, to, innerTarget, inner);
        default -> line8(from, innerStep, to, innerTarget, inner);
      }
    }
  }

  private static void line1(long from, long step, long to, long targetStep, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putByte(to + i * targetStep, Memory.getByte(from + i * step));
    }
  }

  private static void line2(long from, long step, long to, long targetStep, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putShort(to + i * targetStep, Memory.getShort(from + i * step));
    }
  }

  private static void line4(long from, long step, long to, long targetStep, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putInt(to + i * targetStep, Memory.getInt(from + i * step));
    }
  }

  private static void line8(long from, long step, long to, long targetStep, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putLong(to + i * targetStep, Memory.getLong(from + i * step));
    }
  }
}
