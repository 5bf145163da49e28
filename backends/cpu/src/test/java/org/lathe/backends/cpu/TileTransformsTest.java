package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The vector form of Winograd's transforms gives the scalar form's bits; that they are right, the kernels' tests show. */
class TileTransformsTest {
  private static final int VECTORS = 2;

  @Test
  void sameBits() {
    assumeTrue(Simd.PRESENT);
    TileTransforms scalar = ScalarTileTransforms.STANDING_IN;
    TileTransforms vector = VectorTileTransforms.INSTANCE;
    int lanes = vector.lanes();
    assertEquals(lanes, scalar.lanes());
    int line = VECTORS * lanes;
    int n = TileTransforms.POINTS * line;
    Random random = new Random(3);
    try (Arena arena = Arena.ofConfined()) {
      long from = arena.allocate(4L * n, 64).address();
      for (int i = 0; i < n; i++) {
        Memory.putFloat(from + 4L * i, (float) random.nextGaussian());
      }
      long temporary = arena.allocate(4L * n, 64).address();
      long[] to = {arena.allocate(4L * n, 64).address(), arena.allocate(4L * n, 64).address()};
      float[][] array = new float[2][n + 5];
      long step = 4L * line;
      for (int pass = 0; pass < 8; pass++) {
        for (int form = 0; form < 2; form++) {
          TileTransforms t = form == 0 ? scalar : vector;
          switch (pass) {
            case 0 -> t.input(array[form], 5, line, from, 6 * step, step, temporary, VECTORS);
            case 1 -> t.filter(from, step, to[form], step, temporary, VECTORS);
            case 2 -> t.output(from, step, to[form], 4 * step, step, temporary, VECTORS);
            case 3 -> t.plain(from, 8, 4, from, 4L * lanes, to[form], 3);
            case 4 -> t.gradient(from, 4 * step, step, to[form], step, temporary, VECTORS);
            case 5 -> t.filterGradient(from, step, to[form], step, temporary, VECTORS);
            case 6 -> t.add(to[form], from, n);
            default -> assertEquals(true, t.finite(from, temporary, n));
          }
        }
        for (int i = 0; i < n; i++) {
          assertEquals(Memory.getInt(to[0] + 4L * i), Memory.getInt(to[1] + 4L * i), pass + ", " + i);
          assertEquals(array[0][i + 5], array[1][i + 5], pass + ", " + i);
        }
      }
      Memory.putFloat(from + 4L * (n - 3), Float.NaN);
      assertEquals(false, scalar.finite(from, temporary, n));
      assertEquals(false, vector.finite(from, temporary, n));
    }
  }
}
