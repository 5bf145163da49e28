package org.lathe.backends.cpu;

/** A micro-kernel without the Vector API: rows of the tile are updated in memory, by loops that the JIT vectorises. */
final class ScalarMicroKernel implements MicroKernel {
  /** Columns of a vector of the scalar form. */
  static final int LANES = 8;

  private final MicroShape shape;
  private final int columns;

  ScalarMicroKernel(MicroShape shape) {
    this.shape = shape;
    this.columns = shape.vectors() * LANES;
  }

  @Override
  public void run(int k, Object a, int aOffset, long aRows, long b, long bStep, long c, long cRow) {
    for (int row = 0; row < shape.rows(); row++) {
      long to = c + row * cRow;
      if (!shape.accumulate()) {
        Memory.fill(to, (long) columns * shape.type().bytes(), (byte) 0);
      }
      int at = aOffset + (shape.scattered() ? (int) Memory.getLong(aRows + 8L * row) : row * shape.rowStep());
      for (int i = 0; i < k; i++) {
        long from = shape.indirect() ? b + Memory.getLong(bStep + 8L * i) : b + i * bStep;
        switch (a) {
          case float[] f -> add(f[at], from, to);
          case double[] d -> add(d[at], from, to);
          case int[] n -> add(n[at], from, to);
          case long[] n -> add(n[at], from, to);
          default -> throw new IllegalArgumentException("no micro-kernel of " + a.getClass());
        }
        at += shape.kStep();
      }
    }
  }

  private void add(float a, long from, long to) {
    for (int j = 0; j < columns; j++) {
      Memory.putFloat(to + 4L * j, Memory.getFloat(to + 4L * j) + a * Memory.getFloat(from + 4L * j));
    }
  }

  private void add(double a, long from, long to) {
    for (int j = 0; j < columns; j++) {
      Memory.putDouble(to + 8L * j, Memory.getDouble(to + 8L * j) + a * Memory.getDouble(from + 8L * j));
    }
  }

  private void add(int a, long from, long to) {
    for (int j = 0; j < columns; j++) {
      Memory.putInt(to + 4L * j, Memory.getInt(to + 4L * j) + a * Memory.getInt(from + 4L * j));
    }
  }

  private void add(long a, long from, long to) {
    for (int j = 0; j < columns; j++) {
      Memory.putLong(to + 8L * j, Memory.getLong(to + 8L * j) + a * Memory.getLong(from + 8L * j));
    }
  }
}
