package org.lathe.backends.cpu;

/** Strided copies of small tiles, between operands and dense scratch memory. */
final class Tiles {
  private Tiles() {}

  /**
   * Copies element (i, j), at {@code source + i * rowStep + j * columnStep}, to {@code target + i * targetRowStep + j *
   * targetColumnStep}, all in bytes. Goes along whichever side is denser, so that each cache line is fetched once.
   */
  static void copy(long source, long rowStep, long columnStep, long target, long targetRowStep, long targetColumnStep,
      int rows, int columns, int bytes) {
    boolean byRows = Math.abs(rowStep) + Math.abs(targetRowStep) < Math.abs(columnStep) + Math.abs(targetColumnStep)
        && rows > 1;
    int outer = byRows ? columns : rows;
    int inner = byRows ? rows : columns;
    for (int i = 0; i < outer; i++) {
      long from = source + i * (byRows ? columnStep : rowStep);
      long to = target + i * (byRows ? targetColumnStep : targetRowStep);
      long step = byRows ? rowStep : columnStep;
      long targetStep = byRows ? targetRowStep : targetColumnStep;
      switch (bytes) {
        case 1 -> line1(from, step, to, targetStep, inner);
        case 2 -> line2(from, step, to, targetStep, inner);
        case 4 -> line4(from, step, to, targetStep, inner);
        default -> line8(from, step, to, targetStep, inner);
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
