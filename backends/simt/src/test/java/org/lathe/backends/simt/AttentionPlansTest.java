package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Attention.Form;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;

class AttentionPlansTest {
  /** Where [batch, head, position, column] lie. */
  private enum Layout {
    DENSE,
    /** As [batch, position, head, column]. */
    HEADS_INSIDE,
    /** As [batch, head, column, position]. */
    TRANSPOSED,
    /** Columns apart, positions reversed, an offset. */
    ODD;

    View of(DType dtype, Dims space) {
      long h = space.get(1);
      long n = space.get(2);
      long w = space.get(3);
      return switch (this) {
        case DENSE -> View.dense(dtype, space);
        case HEADS_INSIDE -> View.of(dtype, n * h * w, w, h * w, 1);
        case TRANSPOSED -> View.of(dtype, h * n * w, n * w, 1, n);
        case ODD -> n == 0
            ? View.dense(dtype, space)
            : new View(dtype, 3 + (n - 1) * w * 2, Dims.of(h * n * w * 2, n * w * 2, -w * 2, 2), null);
      };
    }
  }

  private static Attention attention(
      Form form, DType t, Layout layout, boolean causal, @Nullable View bias, long b, long h, long q, long k, long w,
      long v) {
    return new Attention(
        form, b, h, q, k, w, v, causal, 1 / Math.sqrt(Math.max(1, w)),
        layout.of(t, Dims.of(b, h, q, w)), layout.of(t, Dims.of(b, h, k, w)), layout.of(t, Dims.of(b, h, k, v)), bias,
        layout.of(t, Dims.of(b, h, q, v)));
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,1,1,1", "1,2,3,5,7,3", "2,1,17,17,16,33", "1,1,33,65,8,20", "1,2,65,33,20,13", "1,1,64,64,32,32",
      "1,1,0,3,4,4", "1,1,3,0,4,4", "0,2,3,3,4,4", "1,1,7,13,0,3", "1,1,2,3,3,0", "1,1,70,3,0,0", "1,1,10,131,64,5"})
  void awkwardSizes(long b, long h, long q, long k, long w, long v) {
    Random r = new Random();
    for (Form form : Form.values()) {
      if (q * k >= 300) {
        Layout layout = Layout.values()[r.nextInt(4)];
        PlanCheck.check(attention(form, DType.F32, layout, r.nextBoolean(), null, b, h, q, k, w, v));
        continue;
      }
      for (Layout layout : Layout.values()) {
        PlanCheck.check(attention(form, DType.F32, layout, false, null, b, h, q, k, w, v));
        PlanCheck.check(attention(form, DType.F32, layout, true, null, b, h, q, k, w, v));
      }
    }
  }

  @Test
  void biasesOfEveryBroadcast() {
    for (View bias : List.of(
        View.dense(DType.F32, Dims.of(2, 2, 17, 35)), View.of(DType.F32, 35, 0, 0, 1), View.of(DType.F32, 0, 17, 1, 0),
        View.of(DType.F32, 0, 0, 0, 0))) {
      for (Form form : Form.values()) {
        PlanCheck.check(attention(form, DType.F32, Layout.DENSE, bias.strides().get(1) == 0, bias, 2, 2, 17, 35, 8, 9));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void doubles(Form form) {
    PlanCheck.check(attention(form, DType.F64, Layout.HEADS_INSIDE, true, null, 2, 2, 13, 17, 7, 5));
  }

  /** A third of the queries sees nothing; others see a part. */
  @ParameterizedTest
  @EnumSource
  void queriesThatSeeNothingGiveZeros(Form form) {
    View bias = View.dense(DType.F32, Dims.of(1, 2, 33, 40));
    Attention a = attention(Form.FORWARD, DType.F32, Layout.DENSE, false, bias, 1, 2, 33, 40, 8, 6);
    Random r = new Random();
    List<Elements> in = Samples.inputs(a, r);
    for (int i = 0; i < 2 * 33 * 40; i++) {
      if (i / 40 % 3 == 0 || r.nextInt(3) == 0) {
        in.get(3).set(i, Double.NEGATIVE_INFINITY);
      }
    }
    if (form == Form.BACKWARD) {
      Attention back = attention(form, DType.F32, Layout.DENSE, false, bias, 1, 2, 33, 40, 8, 6);
      List<Elements> all = Samples.backward(back, in, r);
      PlanCheck.check(back, all);
    } else {
      PlanCheck.check(a, in);
    }
    // More queries than keys: the first see no key.
    PlanCheck.check(attention(form, DType.F32, Layout.DENSE, true, null, 1, 1, 40, 13, 8, 8));
  }

  @ParameterizedTest
  @EnumSource
  void aNanReachesOnlyWhatSeesIt(Form form) {
    Random r = new Random();
    Attention a = attention(form, DType.F32, Layout.DENSE, true, null, 1, 1, 21, 21, 3, 3);
    for (int operand = 0; operand < 3; operand++) {
      List<Elements> in = Samples.inputs(a, r);
      in.get(operand).set(13 * 3 + 1, Double.NaN);
      PlanCheck.check(a, in);
    }
  }

  @Test
  void largeScoresDoNotOverflow() {
    Attention a = attention(Form.FORWARD, DType.F32, Layout.DENSE, false, null, 1, 1, 5, 70, 8, 8);
    List<Elements> in = Samples.inputs(a, new Random());
    for (int i = 0; i < in.get(0).size(); i++) {
      // Exact products: the scores differ by so much that all but one probability are 0 or all alike.
      in.get(0).set(i, Math.rint(in.get(0).real(i) * 4) * 64);
    }
    for (int i = 0; i < in.get(1).size(); i++) {
      in.get(1).set(i, Math.rint(in.get(1).real(i) * 2));
    }
    Attention scaled = new Attention(Form.FORWARD, 1, 1, 5, 70, 8, 8, false, 1, a.query(), a.key(), a.value(), null,
        a.out());
    PlanCheck.check(scaled, in);
  }
}
