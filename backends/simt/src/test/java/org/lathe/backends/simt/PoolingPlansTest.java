package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;

class PoolingPlansTest {
  private static Pooling pooling(Kind kind, Form form, DType t, boolean countPadding, long... v) {
    return Pooling.storing(kind, form, t, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11],
        countPadding);
  }

  @ParameterizedTest
  @CsvSource({
      // b, c, h, w, oh, ow, wh, ww, sy, sx, py, px
      "2, 3, 12, 12, 6, 6, 2, 2, 2, 2, 0, 0",
      "1, 2, 9, 9, 4, 4, 2, 2, 2, 2, 0, 0",
      "2, 2, 11, 13, 6, 7, 3, 3, 2, 2, 1, 1",
      "1, 3, 5, 7, 5, 7, 3, 5, 1, 1, 1, 2",
      "1, 1, 4, 4, 6, 6, 1, 1, 1, 1, 1, 1",
      "1, 2, 7, 8, 3, 2, 2, 3, 3, 4, 0, 0",
      "3, 2, 5, 5, 1, 1, 5, 5, 1, 1, 0, 0",
      "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0",
      "0, 2, 5, 5, 1, 1, 5, 5, 1, 1, 0, 0"
  })
  void everyKindAndForm(
      long b, long c, long h, long w, long oh, long ow, long wh, long ww, long sy, long sx, long py, long px) {
    long[] v = {b, c, h, w, oh, ow, wh, ww, sy, sx, py, px};
    Random r = new Random();
    for (Form form : Form.values()) {
      Pooling max = pooling(Kind.MAX, form, DType.F32, false, v);
      PlanCheck.check(max);
      PlanCheck.check(max, special(max, r));
      if (form != Form.PICK) {
        PlanCheck.check(pooling(Kind.MEAN, form, DType.F32, false, v));
        PlanCheck.check(pooling(Kind.MEAN, form, DType.F64, true, v));
      }
    }
  }

  /** Data with many ties, zeros of both signs, and some that are no numbers. */
  private static List<Elements> special(Pooling p, Random r) {
    double[] values = {0, -0.0, 1, 1, 2, -1, Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY};
    List<Elements> in = Samples.inputs(p, r);
    for (long i = 0; i < in.getFirst().size(); i++) {
      in.getFirst().set(i, values[r.nextInt(values.length)]);
    }
    return in;
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16", "F64"})
  void otherTypes(DType t) {
    long[] v = {1, 2, 8, 9, 4, 4, 2, 2, 2, 2, 0, 0};
    for (Form form : Form.values()) {
      PlanCheck.check(pooling(Kind.MAX, form, t, false, v));
      if (form != Form.PICK) {
        PlanCheck.check(pooling(Kind.MEAN, form, t, false, v));
      }
    }
  }
}
