package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.RandomBits;
import org.lathe.hal.spec.Scan;

class DataPlansTest {
  @ParameterizedTest
  @EnumSource
  void gathersOfEveryType(DType t) {
    for (long[] s : new long[][]{{5, 3, 17}, {33, 1, 40}, {7, 130, 13}, {4, 8, 0}, {4, 0, 3}, {1, 1, 1}}) {
      PlanCheck.check(new Gather(t, DType.I32, s[0], s[1], s[2]));
      PlanCheck.check(new Gather(t, DType.I64, s[0], s[1], s[2]));
    }
  }

  @Test
  void randomBitsOfAnyCount() {
    for (long count : new long[]{0, 1, 3, 4, 5, 13, 207, 1000, 4098}) {
      PlanCheck.check(new RandomBits(count));
    }
  }

  @Test
  void copiesOfAnyLength() {
    for (long bytes : new long[]{0, 1, 3, 63, 64, 65, 207, 4098, 10_007}) {
      PlanCheck.check(new Copy(bytes));
    }
  }

  @ParameterizedTest
  @EnumSource
  void scansOfEveryType(DType t) {
    Random r = new Random();
    for (long[] s : new long[][]{{2, 7, 3}, {3, 33, 1}, {1, 5, 130}, {2, 0, 3}, {1, 1, 1}, {1, 1000, 1}, {1, 300, 2}}) {
      for (Combiner c : List.of(Combiner.SUM, Combiner.PRODUCT, Combiner.MAX, Combiner.MIN)) {
        boolean sums = c == Combiner.SUM || c == Combiner.PRODUCT;
        if (t == DType.BOOL && sums || t.isFloating() && c == Combiner.PRODUCT) {
          continue;
        }
        Scan scan = new Scan(c, t, s[0], s[1], s[2], r.nextBoolean(), r.nextBoolean());
        if (sums) {
          PlanCheck.check(scan);
        } else {
          PlanCheck.check(scan, List.of(OrderPlansTest.special(t, s[0] * s[1] * s[2], r)));
        }
      }
    }
  }
}
