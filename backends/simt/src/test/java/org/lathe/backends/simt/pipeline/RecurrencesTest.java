package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.pipeline.Dataflow.Register;

/** Against trying every circle of small graphs. */
class RecurrencesTest {
  private static final int NODES = 5;

  private final int[][] cycles = new int[NODES][NODES];
  private final int[][] iterations = new int[NODES][NODES];
  private double best;

  private static Register node(int i) {
    return new Register(new Variable("v" + i, Type.F32));
  }

  @Test
  void theTightestCircleHasTheLargestRatio() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 500; round++) {
      Recurrences r = new Recurrences();
      for (int a = 0; a < NODES; a++) {
        for (int b = 0; b < NODES; b++) {
          iterations[a][b] = random.nextInt(3) == 0 ? random.nextInt(1, 5) : 0;
          cycles[a][b] = random.nextInt(0, 30);
          if (iterations[a][b] > 0) {
            r.add(node(a), node(b), cycles[a][b], iterations[a][b]);
          }
        }
      }
      best = 0;
      for (int start = 0; start < NODES; start++) {
        walk(start, start, 1 << start, 0, 0);
      }
      Recurrences.Circle found = r.tightest();
      if (best == 0) {
        assertNull(found, "seed " + seed);
      } else {
        assertNotNull(found, "seed " + seed);
        assertEquals(best, (double) found.cycles() / found.iterations(), 1e-12, "seed " + seed);
      }
    }
  }

  private void walk(int start, int at, int seen, int soFar, int spanned) {
    for (int next = 0; next < NODES; next++) {
      if (iterations[at][next] == 0) {
        continue;
      }
      int c = soFar + cycles[at][next];
      int i = spanned + iterations[at][next];
      if (next == start) {
        best = Math.max(best, (double) c / i);
      } else if ((seen & 1 << next) == 0) {
        walk(start, next, seen | 1 << next, c, i);
      }
    }
  }
}
