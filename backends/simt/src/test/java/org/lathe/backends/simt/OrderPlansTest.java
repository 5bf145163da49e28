package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.reference.Elements;

class OrderPlansTest {
  private static final double[] SPECIAL = {0, -0.0, 1, 1, -1, 2, Double.NaN, Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY};

  /** Many ties, zeros of both signs, and some that are no numbers. */
  static Elements special(DType t, long n, Random r) {
    Elements e = Elements.poisoned(t, n);
    for (long i = 0; i < n; i++) {
      double x = SPECIAL[r.nextInt(SPECIAL.length)];
      e.set(i, t == DType.BOOL ? (x != 0 ? 1 : 0) : x);
    }
    return e;
  }

  @ParameterizedTest
  @EnumSource
  void sortsAreStableAndPutNaNLast(DType t) {
    Random r = new Random();
    for (long columns : t == DType.F32 ? new long[]{0, 1, 2, 3, 17, 33, 64, 65, 600} : new long[]{3, 65}) {
      long rows = columns > 100 ? 2 : 5;
      for (boolean descending : new boolean[]{false, true}) {
        PlanCheck.check(new Sort(t, rows, columns, descending));
        PlanCheck.check(new Sort(t, rows, columns, descending), List.of(special(t, rows * columns, r)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void topKTakesTheFirstOfEqualValues(DType t) {
    Random r = new Random();
    for (long columns : t == DType.F32 ? new long[]{0, 1, 3, 17, 64, 207, 600} : new long[]{1, 65}) {
      for (long k : new long[]{0, 1, Math.min(5, columns), columns}) {
        if (k <= columns) {
          PlanCheck.check(new TopK(t, 3, columns, k));
          PlanCheck.check(new TopK(t, 3, columns, k), List.of(special(t, 3 * columns, r)));
        }
      }
    }
  }
}
