package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.reflect.Array;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;

/** The scalar form stands in for the vector form: both must give the same bits. */
class MicroKernelTest {
  private static final int K = 37;

  private static void compare(MicroShape shape, Random random) {
    int lanes = VectorMicroKernels.lanes(shape.type());
    int columns = shape.vectors() * lanes;
    int bytes = shape.type().bytes();
    long width = (long) columns * bytes;
    int length = shape.elements(K) + 150;
    Object a = HeapScratch.array(shape.type(), length);
    for (int i = 0; i < length; i++) {
      switch (a) {
        case float[] f -> f[i] = (float) random.nextGaussian();
        case double[] d -> d[i] = random.nextGaussian();
        case int[] n -> n[i] = random.nextInt();
        case long[] n -> n[i] = random.nextLong();
        default -> throw new AssertionError(Array.getLength(a));
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      long b = arena.allocate(K * width, 64).address();
      fill(shape.type(), b, K * columns, random);
      int[] offsets = random.ints(shape.rows() + K, 0, 50).toArray();
      long table = arena.allocate(8L * K, 64).address();
      for (int i = 0; i < K; i++) {
        Memory.putLong(table + 8L * i, random.nextInt(K) * width);
      }
      long cRow = width + 64;
      long[] c = new long[2];
      for (int form = 0; form < 2; form++) {
        c[form] = arena.allocate(shape.rows() * cRow, 64).address();
        fill(shape.type(), c[form], (int) (shape.rows() * cRow / bytes), new Random(7));
        MicroKernel kernel = form == 0 ? VectorMicroKernels.build(shape) : new ScalarMicroKernel(shape, lanes);
        kernel.run(K, a, 3, offsets, 0, shape.rows(), b, shape.indirect() ? table : width, c[form], cRow);
      }
      for (long i = 0; i < shape.rows() * cRow; i++) {
        assertEquals(Memory.getByte(c[0] + i), Memory.getByte(c[1] + i), shape + " differs at byte " + i);
      }
    }
  }

  private static void fill(DType type, long address, int n, Random random) {
    for (int i = 0; i < n; i++) {
      switch (type) {
        case F32 -> Memory.putFloat(address + 4L * i, (float) random.nextGaussian());
        case F64 -> Memory.putDouble(address + 8L * i, random.nextGaussian());
        case I32 -> Memory.putInt(address + 4L * i, random.nextInt());
        default -> Memory.putLong(address + 8L * i, random.nextLong());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = {"F32", "F64", "I32", "I64"})
  void bothFormsGiveTheSameBits(DType type) {
    Random random = new Random(1);
    int[][] tiles = {{1, 8}, {3, 2}, {8, 3}, {7, 1}, {6, 4}};
    for (int[] tile : tiles) {
      for (int[] steps : new int[][]{{1, tile[0]}, {1, 16}, {80, 1}, {MicroShape.TABLED, 0}}) {
        for (int bits = 0; bits < 4; bits++) {
          compare(
              new MicroShape(type, tile[0], tile[1], steps[0], steps[1], (bits & 1) != 0, (bits & 2) != 0), random);
        }
      }
    }
  }

  @Test
  void withoutStepsATileIsZero() {
    MicroShape shape = MicroShape.byRows(DType.F32, 2, 1, 24, false, false);
    try (Arena arena = Arena.ofConfined()) {
      long c = arena.allocate(1024, 64).address();
      for (boolean vector : new boolean[]{true, false}) {
        Memory.fill(c, 1024, (byte) -1);
        MicroKernels.get(shape, vector).run(0, new float[64], 0, MicroKernel.NO_TABLE, 0, 0, c, 0, c, 64);
        assertEquals(0f, Memory.getFloat(c));
        assertEquals(0f, Memory.getFloat(c + 64));
      }
    }
  }
}
