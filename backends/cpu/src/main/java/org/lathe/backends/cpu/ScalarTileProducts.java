package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** {@link TileProducts} of f32 or f64 in scalar form: arithmetic in double, rounded when stored. */
final class ScalarTileProducts implements TileProducts {
  private static final int SPAN = 16;

  private final boolean wide;
  private final int bytes;

  ScalarTileProducts(DType dtype) {
    this.wide = dtype == DType.F64;
    this.bytes = dtype.bytes();
  }

  static double get(boolean wide, long address) {
    return wide ? Memory.getDouble(address) : Memory.getFloat(address);
  }

  static void put(boolean wide, long address, double value) {
    if (wide) {
      Memory.putDouble(address, value);
    } else {
      Memory.putFloat(address, (float) value);
    }
  }

  @Override
  public int bytes() {
    return bytes;
  }

  @Override
  public int span() {
    return SPAN;
  }

  @Override
  public int tileRows() {
    return 4;
  }

  @Override
  public void multiply(
      long a, long aRow, long aStep, long panel, int depth, long base, long baseRow, long c, long cRow, int rows) {
    long panelRow = (long) SPAN * bytes;
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < SPAN; j += 4) {
        long column = (long) j * bytes;
        long from = base + r * baseRow + column;
        double c0 = get(wide, from);
        double c1 = get(wide, from + bytes);
        double c2 = get(wide, from + 2L * bytes);
        double c3 = get(wide, from + 3L * bytes);
        for (int k = 0; k < depth; k++) {
          double x = get(wide, a + r * aRow + k * aStep);
          long b = panel + k * panelRow + column;
          c0 += x * get(wide, b);
          c1 += x * get(wide, b + bytes);
          c2 += x * get(wide, b + 2L * bytes);
          c3 += x * get(wide, b + 3L * bytes);
        }
        long to = c + r * cRow + column;
        put(wide, to, c0);
        put(wide, to + bytes, c1);
        put(wide, to + 2L * bytes, c2);
        put(wide, to + 3L * bytes, c3);
      }
    }
  }

  @Override
  public void copyRows(long source, long sourceRow, long target, long targetRow, int rows, int columns) {
    for (int r = 0; r < rows; r++) {
      copySteps(source + r * sourceRow, bytes, target + r * targetRow, bytes, columns);
    }
  }

  @Override
  public void copySteps(long source, long sourceStep, long target, long targetStep, int n) {
    for (int i = 0; i < n; i++) {
      put(wide, target + i * targetStep, get(wide, source + i * sourceStep));
    }
  }

  @Override
  public void transposeIntoPanel(long source, long sourceRow, long sourceStep, long panel, int rows, int n) {
    for (int r = 0; r < rows; r++) {
      copySteps(source + r * sourceRow, sourceStep, panel + (long) r * bytes, (long) SPAN * bytes, n);
    }
  }

  @Override
  public void fill(long target, double value, int n) {
    for (int i = 0; i < n; i++) {
      put(wide, target + (long) i * bytes, value);
    }
  }
}
