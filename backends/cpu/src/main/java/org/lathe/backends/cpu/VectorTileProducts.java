package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link TileProducts} of f32 on the Vector API, in register tiles of 6 rows by 2 vectors: twelve sums, two columns and
 * a factor fit the 16 registers of AVX2. With 8 rows a method has more nodes than C2 inlines, and boxes every vector.
 *
 * <p>Each tile is loaded first and stored last, in one method. Share of the peak of multiply-adds that one thread of a
 * Zen 4 reached: 95% at depth 256, 91% at depth 64, also where {@code a} is read down its columns; 4 rows 84%, 1 row 46%.
 */
final class VectorTileProducts implements TileProducts {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int VECTOR = S.vectorByteSize();
  /** From one row to the next of a tile of scores of {@link AttentionKernel}: as a constant, it costs no checks. */
  private static final long DOWN_STEP = 4L * (AttentionKernel.KEY_TILE + 2 * S.length());

  private static final Outlined COPY_SPANS = new Outlined(MethodHandles.lookup(), "copySpansLoop", 4);
  private static final Outlined COPY_ROWS = new Outlined(MethodHandles.lookup(), "copyRowsLoop", 5);
  private static final Outlined FILL = new Outlined(MethodHandles.lookup(), "fillLoop", 2);

  @Override
  public int bytes() {
    return Float.BYTES;
  }

  @Override
  public int span() {
    return 2 * S.length();
  }

  @Override
  public int tileRows() {
    return 6;
  }

  @Override
  public void multiply(
      long a, long aRow, long aStep, long panel, int depth, long base, long baseRow, long c, long cRow, int rows) {
    int r = 0;
    if (aStep == Float.BYTES) {
      for (; r + 6 <= rows; r += 6) {
        six(a + r * aRow, aRow, panel, depth, base + r * baseRow, baseRow, c + r * cRow, cRow);
      }
    } else if (aRow == Float.BYTES && aStep == DOWN_STEP) {
      for (; r + 6 <= rows; r += 6) {
        sixDown(a + r * aRow, panel, depth, base + r * baseRow, baseRow, c + r * cRow, cRow);
      }
    }
    for (; r + 4 <= rows; r += 4) {
      four(a + r * aRow, aRow, aStep, panel, depth, base + r * baseRow, baseRow, c + r * cRow, cRow);
    }
    for (; r < rows; r++) {
      one(a + r * aRow, aStep, panel, depth, base + r * baseRow, c + r * cRow);
    }
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  private static FloatVector splat(long address) {
    return FloatVector.broadcast(S, Memory.getFloat(address));
  }

  /** The addresses are linear in the loop variable with constant factors, so that C2 hoists their bounds checks. */
  private static void six(
      long a, long aRow, long panel, int depth, long base, long baseRow, long c, long cRow) {
    FloatVector c00 = load(base);
    FloatVector c01 = load(base + VECTOR);
    FloatVector c10 = load(base + baseRow);
    FloatVector c11 = load(base + baseRow + VECTOR);
    FloatVector c20 = load(base + 2 * baseRow);
    FloatVector c21 = load(base + 2 * baseRow + VECTOR);
    FloatVector c30 = load(base + 3 * baseRow);
    FloatVector c31 = load(base + 3 * baseRow + VECTOR);
    FloatVector c40 = load(base + 4 * baseRow);
    FloatVector c41 = load(base + 4 * baseRow + VECTOR);
    FloatVector c50 = load(base + 5 * baseRow);
    FloatVector c51 = load(base + 5 * baseRow + VECTOR);
    long a4 = a + 4 * aRow;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = load(panel + 2L * VECTOR * k);
      FloatVector b1 = load(panel + 2L * VECTOR * k + VECTOR);
      FloatVector x = splat(a + 4L * k);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = splat(a + aRow + 4L * k);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = splat(a + 2 * aRow + 4L * k);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = splat(a + 3 * aRow + 4L * k);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = splat(a4 + 4L * k);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      x = splat(a4 + aRow + 4L * k);
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
    }
    c00.intoMemorySegment(ALL, c, ORDER);
    c01.intoMemorySegment(ALL, c + VECTOR, ORDER);
    c10.intoMemorySegment(ALL, c + cRow, ORDER);
    c11.intoMemorySegment(ALL, c + cRow + VECTOR, ORDER);
    c20.intoMemorySegment(ALL, c + 2 * cRow, ORDER);
    c21.intoMemorySegment(ALL, c + 2 * cRow + VECTOR, ORDER);
    c30.intoMemorySegment(ALL, c + 3 * cRow, ORDER);
    c31.intoMemorySegment(ALL, c + 3 * cRow + VECTOR, ORDER);
    c40.intoMemorySegment(ALL, c + 4 * cRow, ORDER);
    c41.intoMemorySegment(ALL, c + 4 * cRow + VECTOR, ORDER);
    c50.intoMemorySegment(ALL, c + 5 * cRow, ORDER);
    c51.intoMemorySegment(ALL, c + 5 * cRow + VECTOR, ORDER);
  }

  /** For rows that are adjacent columns of a tile of scores. */
  private static void sixDown(
      long a, long panel, int depth, long base, long baseRow, long c, long cRow) {
    FloatVector c00 = load(base);
    FloatVector c01 = load(base + VECTOR);
    FloatVector c10 = load(base + baseRow);
    FloatVector c11 = load(base + baseRow + VECTOR);
    FloatVector c20 = load(base + 2 * baseRow);
    FloatVector c21 = load(base + 2 * baseRow + VECTOR);
    FloatVector c30 = load(base + 3 * baseRow);
    FloatVector c31 = load(base + 3 * baseRow + VECTOR);
    FloatVector c40 = load(base + 4 * baseRow);
    FloatVector c41 = load(base + 4 * baseRow + VECTOR);
    FloatVector c50 = load(base + 5 * baseRow);
    FloatVector c51 = load(base + 5 * baseRow + VECTOR);
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = load(panel + 2L * VECTOR * k);
      FloatVector b1 = load(panel + 2L * VECTOR * k + VECTOR);
      FloatVector x = splat(a + DOWN_STEP * k);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = splat(a + DOWN_STEP * k + 4);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = splat(a + DOWN_STEP * k + 8);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = splat(a + DOWN_STEP * k + 12);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = splat(a + DOWN_STEP * k + 16);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      x = splat(a + DOWN_STEP * k + 20);
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
    }
    c00.intoMemorySegment(ALL, c, ORDER);
    c01.intoMemorySegment(ALL, c + VECTOR, ORDER);
    c10.intoMemorySegment(ALL, c + cRow, ORDER);
    c11.intoMemorySegment(ALL, c + cRow + VECTOR, ORDER);
    c20.intoMemorySegment(ALL, c + 2 * cRow, ORDER);
    c21.intoMemorySegment(ALL, c + 2 * cRow + VECTOR, ORDER);
    c30.intoMemorySegment(ALL, c + 3 * cRow, ORDER);
    c31.intoMemorySegment(ALL, c + 3 * cRow + VECTOR, ORDER);
    c40.intoMemorySegment(ALL, c + 4 * cRow, ORDER);
    c41.intoMemorySegment(ALL, c + 4 * cRow + VECTOR, ORDER);
    c50.intoMemorySegment(ALL, c + 5 * cRow, ORDER);
    c51.intoMemorySegment(ALL, c + 5 * cRow + VECTOR, ORDER);
  }

  private static void four(
      long a, long aRow, long aStep, long panel, int depth, long base, long baseRow, long c, long cRow) {
    FloatVector c00 = load(base);
    FloatVector c01 = load(base + VECTOR);
    FloatVector c10 = load(base + baseRow);
    FloatVector c11 = load(base + baseRow + VECTOR);
    FloatVector c20 = load(base + 2 * baseRow);
    FloatVector c21 = load(base + 2 * baseRow + VECTOR);
    FloatVector c30 = load(base + 3 * baseRow);
    FloatVector c31 = load(base + 3 * baseRow + VECTOR);
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = load(panel);
      FloatVector b1 = load(panel + VECTOR);
      FloatVector x = splat(a);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = splat(a + aRow);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = splat(a + 2 * aRow);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = splat(a + 3 * aRow);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      a += aStep;
      panel += 2 * VECTOR;
    }
    c00.intoMemorySegment(ALL, c, ORDER);
    c01.intoMemorySegment(ALL, c + VECTOR, ORDER);
    c10.intoMemorySegment(ALL, c + cRow, ORDER);
    c11.intoMemorySegment(ALL, c + cRow + VECTOR, ORDER);
    c20.intoMemorySegment(ALL, c + 2 * cRow, ORDER);
    c21.intoMemorySegment(ALL, c + 2 * cRow + VECTOR, ORDER);
    c30.intoMemorySegment(ALL, c + 3 * cRow, ORDER);
    c31.intoMemorySegment(ALL, c + 3 * cRow + VECTOR, ORDER);
  }

  private static void one(long a, long aStep, long panel, int depth, long base, long c) {
    FloatVector c0 = load(base);
    FloatVector c1 = load(base + VECTOR);
    for (int k = 0; k < depth; k++) {
      FloatVector x = splat(a);
      c0 = x.fma(load(panel), c0);
      c1 = x.fma(load(panel + VECTOR), c1);
      a += aStep;
      panel += 2 * VECTOR;
    }
    c0.intoMemorySegment(ALL, c, ORDER);
    c1.intoMemorySegment(ALL, c + VECTOR, ORDER);
  }

  @Override
  public void copyRows(long source, long sourceRow, long target, long targetRow, int rows, int columns) {
    if (columns == span()) {
      COPY_SPANS.run(source, sourceRow, target, targetRow, rows);
    } else {
      COPY_ROWS.run(source, sourceRow, target, targetRow, rows, columns);
    }
  }

  private static void copySpansLoop(long source, long sourceRow, long target, long targetRow, int rows) {
    for (int r = 0; r < rows; r++) {
      long from = source + r * sourceRow;
      long to = target + r * targetRow;
      load(from).intoMemorySegment(ALL, to, ORDER);
      load(from + VECTOR).intoMemorySegment(ALL, to + VECTOR, ORDER);
    }
  }

  private static void copyRowsLoop(
      long source, long sourceRow, long target, long targetRow, long rows, int columns) {
    int whole = S.loopBound(columns);
    for (int r = 0; r < rows; r++) {
      long from = source + r * sourceRow;
      long to = target + r * targetRow;
      for (int j = 0; j < whole; j += S.length()) {
        load(from + 4L * j).intoMemorySegment(ALL, to + 4L * j, ORDER);
      }
      for (int j = whole; j < columns; j++) {
        Memory.putFloat(to + 4L * j, Memory.getFloat(from + 4L * j));
      }
    }
  }

  @Override
  public void copySteps(long source, long sourceStep, long target, long targetStep, int n) {
    for (int i = 0; i < n; i++) {
      Memory.putFloat(target + i * targetStep, Memory.getFloat(source + i * sourceStep));
    }
  }

  @Override
  public void transposeIntoPanel(long source, long sourceRow, long sourceStep, long panel, int rows, int n) {
    if (sourceStep == Float.BYTES) {
      Packing.transposed(source, sourceRow, n, rows, panel, 2L * VECTOR);
      return;
    }
    for (int r = 0; r < rows; r++) {
      long from = source + r * sourceRow;
      long to = panel + 4L * r;
      for (int i = 0; i < n; i++) {
        Memory.putFloat(to + 2L * VECTOR * i, Memory.getFloat(from + i * sourceStep));
      }
    }
  }

  @Override
  public void fill(long target, double value, int n) {
    FILL.run(target, Float.floatToRawIntBits((float) value), n);
  }

  private static void fillLoop(long target, long valueBits, int n) {
    float value = Float.intBitsToFloat((int) valueBits);
    FloatVector v = FloatVector.broadcast(S, value);
    int i = 0;
    for (; i < S.loopBound(n); i += S.length()) {
      v.intoMemorySegment(ALL, target + 4L * i, ORDER);
    }
    for (; i < n; i++) {
      Memory.putFloat(target + 4L * i, value);
    }
  }
}
