package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * A micro-kernel without the Vector API, for loops that the JIT vectorises by itself: the tile and one row of b are kept
 * in heap arrays of the thread. Fused multiply-adds give the same bits as the vector form.
 */
final class ScalarMicroKernel implements MicroKernel {
  /** Columns of a vector where no vector form decides it. */
  static final int LANES = 8;

  private static final int MOST_ROWS = 16;
  private static final int MOST_COLUMNS = 256;

  /** The JIT vectorises loops over several arrays only where all are read at the same index: a row is an array. */
  private static final ThreadLocal<float[][]> FLOATS = ThreadLocal
      .withInitial(() -> new float[MOST_ROWS + 1][MOST_COLUMNS]);

  private static final ThreadLocal<double[][]> DOUBLES = ThreadLocal
      .withInitial(() -> new double[MOST_ROWS + 1][MOST_COLUMNS]);

  private final MicroShape shape;
  private final int columns;

  /** @param lanes the columns of one of the shape's vectors */
  ScalarMicroKernel(MicroShape shape, int lanes) {
    this.shape = shape;
    this.columns = shape.vectors() * lanes;
  }

  @Override
  public void run(int k, Object a, int aOffset, int[] aTable, int aRows, int aSteps, long b, long bStep, long c,
      long cRow) {
    // By the type, not by the array: where k is 0 there is none.
    switch (shape.type()) {
      case F32 -> floats(k, (float[]) a, aOffset, aTable, aRows, aSteps, b, bStep, c, cRow);
      case F64 -> doubles(k, (double[]) a, aOffset, aTable, aRows, aSteps, b, bStep, c, cRow);
      default -> integers(k, a, aOffset, aTable, aRows, aSteps, b, bStep, c, cRow);
    }
  }

  private int rowOffset(int row, int aOffset, int[] aTable, int aRows) {
    return aOffset + (shape.tabled() ? aTable[aRows + row] : row * shape.rowStep());
  }

  private int stepOffset(int i, int[] aTable, int aSteps) {
    return shape.tabled() ? aTable[aSteps + i] : i * shape.kStep();
  }

  private long right(int i, long b, long bStep) {
    return shape.indirect() ? b + Memory.getLong(bStep + 8L * i) : b + i * bStep;
  }

  private void floats(int k, float[] a, int aOffset, int[] aTable, int aRows, int aSteps, long b, long bStep, long c,
      long cRow) {
    float[][] tile = FLOATS.get();
    for (int row = 0; row < shape.rows(); row++) {
      for (int j = 0; j < columns; j++) {
        tile[row][j] = shape.accumulate() ? Memory.getFloat(c + row * cRow + 4L * j) : 0;
      }
    }
    float[] line = tile[MOST_ROWS];
    for (int i = 0; i < k; i++) {
      HeapScratch.copy(DType.F32, right(i, b, bStep), line, columns);
      int step = stepOffset(i, aTable, aSteps);
      for (int row = 0; row < shape.rows(); row++) {
        add(a[rowOffset(row, aOffset, aTable, aRows) + step], line, tile[row], columns);
      }
    }
    for (int row = 0; row < shape.rows(); row++) {
      for (int j = 0; j < columns; j++) {
        Memory.putFloat(c + row * cRow + 4L * j, tile[row][j]);
      }
    }
  }

  private static void add(float a, float[] b, float[] c, int n) {
    for (int j = 0; j < n; j++) {
      c[j] = Math.fma(a, b[j], c[j]);
    }
  }

  private void doubles(int k, double[] a, int aOffset, int[] aTable, int aRows, int aSteps, long b, long bStep, long c,
      long cRow) {
    double[][] tile = DOUBLES.get();
    for (int row = 0; row < shape.rows(); row++) {
      for (int j = 0; j < columns; j++) {
        tile[row][j] = shape.accumulate() ? Memory.getDouble(c + row * cRow + 8L * j) : 0;
      }
    }
    double[] line = tile[MOST_ROWS];
    for (int i = 0; i < k; i++) {
      HeapScratch.copy(DType.F64, right(i, b, bStep), line, columns);
      int step = stepOffset(i, aTable, aSteps);
      for (int row = 0; row < shape.rows(); row++) {
        add(a[rowOffset(row, aOffset, aTable, aRows) + step], line, tile[row], columns);
      }
    }
    for (int row = 0; row < shape.rows(); row++) {
      for (int j = 0; j < columns; j++) {
        Memory.putDouble(c + row * cRow + 8L * j, tile[row][j]);
      }
    }
  }

  private static void add(double a, double[] b, double[] c, int n) {
    for (int j = 0; j < n; j++) {
      c[j] = Math.fma(a, b[j], c[j]);
    }
  }

  private void integers(int k, Object a, int aOffset, int[] aTable, int aRows, int aSteps, long b, long bStep, long c,
      long cRow) {
    for (int row = 0; row < shape.rows(); row++) {
      long to = c + row * cRow;
      if (!shape.accumulate()) {
        Memory.fill(to, (long) columns * shape.type().bytes(), (byte) 0);
      }
      int at = rowOffset(row, aOffset, aTable, aRows);
      for (int i = 0; i < k; i++) {
        long from = right(i, b, bStep);
        switch (a) {
          case int[] n -> add(n[at + stepOffset(i, aTable, aSteps)], from, to);
          case long[] n -> add(n[at + stepOffset(i, aTable, aSteps)], from, to);
          default -> throw new IllegalArgumentException("no micro-kernel of " + a.getClass());
        }
      }
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
