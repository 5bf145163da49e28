package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Scatter;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;

class ScatterPlansTest {
  @ParameterizedTest
  @EnumSource
  void scattersOfEveryType(DType t) {
    for (long[] s : new long[][]{{5, 3, 17}, {33, 1, 70}, {7, 130, 13}, {4, 8, 0}, {4, 0, 3}, {1, 1, 207}}) {
      for (Combiner c : List.of(Combiner.SUM, Combiner.MAX, Combiner.MIN)) {
        if (t == DType.BOOL && c == Combiner.SUM) {
          continue;
        }
        PlanCheck.check(new Scatter(c, true, t, DType.I32, s[0], s[1], s[2]));
        if (c == Combiner.SUM) {
          PlanCheck.check(new Scatter(c, false, t, DType.I64, s[0], s[1], s[2]));
        }
      }
    }
  }

  /** The order of additions is that of the indices: to the bit, since each step rounds. */
  @Test
  void scattersAddInTheOrderOfTheirIndices() {
    Scatter s = new Scatter(Combiner.SUM, false, DType.F32, DType.I32, 3, 2, 64);
    List<Elements> in = Samples.inputs(s, new Random());
    for (int i = 0; i < 128; i++) {
      in.get(1).set(i, i % 3 == 0 ? 1e8 : i % 3 == 1 ? -1e8 : in.get(1).real(i));
    }
    PlanCheck.check(s, in);
  }
}
