package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Attention.Form;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;

class AttentionPlansTest {
  /** batch, heads, queries, keys, width, width of values. */
  private static final int[][] SHAPES = {
      {1, 1, 1, 1, 1, 1}, {1, 2, 3, 5, 7, 3}, {2, 1, 17, 17, 4, 9}, {1, 1, 5, 33, 3, 2}, {1, 1, 35, 4, 2, 5},
      {1, 1, 0, 3, 4, 4}, {1, 1, 3, 0, 4, 4}, {0, 2, 3, 3, 4, 4}, {1, 1, 3, 2, 0, 3}, {1, 1, 2, 3, 3, 0}
  };

  private enum Layout {
    DENSE,
    /** [batch, position, head, column] seen as [batch, head, position, column]. */
    PERMUTED,
    /** Columns apart, positions reversed, an offset. */
    ODD,
    /** [batch, head, column, position]. */
    TRANSPOSED
  }

  private static View view(DType t, Layout layout, Dims space) {
    long h = space.get(1);
    long n = space.get(2);
    long w = space.get(3);
    return switch (layout) {
      case DENSE -> View.dense(t, space);
      case PERMUTED -> View.of(t, n * h * w, w, h * w, 1);
      case ODD -> n == 0
          ? View.dense(t, space)
          : new View(t, 3 + (n - 1) * w * 2, Dims.of(h * n * w * 2, n * w * 2, -w * 2, 2), null);
      case TRANSPOSED -> View.of(t, h * n * w, n * w, 1, n);
    };
  }

  private static Attention spec(
      Form form, DType t, int[] s, boolean causal, Layout layout, @Nullable View bias) {
    return new Attention(
        form, s[0], s[1], s[2], s[3], s[4], s[5], causal, 0.5,
        view(t, layout, Dims.of(s[0], s[1], s[2], s[4])), view(t, layout, Dims.of(s[0], s[1], s[3], s[4])),
        view(t, layout, Dims.of(s[0], s[1], s[3], s[5])), bias,
        view(t, layout, Dims.of(s[0], s[1], s[2], s[5])));
  }

  @ParameterizedTest
  @EnumSource
  void everyShapeThroughAnyViews(Form form) {
    Random r = new Random();
    for (int[] s : SHAPES) {
      for (boolean causal : new boolean[]{false, true}) {
        DType t = r.nextInt(3) == 0 ? DType.F64 : DType.F32;
        View[] biases = {
            null, View.dense(t, Dims.of(s[0], s[1], s[2], s[3])), View.of(t, s[3], 0, 0, 1), View.of(t, 0, s[2], 1, 0)
        };
        Layout layout = Layout.values()[r.nextInt(Layout.values().length)];
        PlanCheck.check(spec(form, t, s, causal, layout, biases[r.nextInt(biases.length)]));
      }
    }
  }

  @Test
  void rowsThatSeeNothingGiveZeros() {
    Random r = new Random();
    DType t = DType.F32;
    int[] s = {1, 1, 19, 18, 3, 4};
    View bias = View.dense(t, Dims.of(1, 1, 19, 18));
    Attention forward = spec(Form.FORWARD, t, s, false, Layout.DENSE, bias);
    List<Elements> in = Samples.inputs(forward, r);
    for (int i = 0; i < 19 * 18; i++) {
      if (i / 18 % 4 == 0 || r.nextInt(3) == 0) {
        in.get(3).set(i, Double.NEGATIVE_INFINITY);
      }
    }
    PlanCheck.check(forward, in);
    List<Elements> out = SpecReference.run(forward, in);
    Attention backward = spec(Form.BACKWARD, t, s, false, Layout.DENSE, bias);
    List<Elements> more = Samples.inputs(backward, r);
    PlanCheck.check(backward, List.of(
        in.get(0), in.get(1), in.get(2), in.get(3), out.get(0), out.get(1), more.get(6)));
  }

  @ParameterizedTest
  @EnumSource
  void aNanReachesOnlyWhatSeesIt(Form form) {
    Random r = new Random();
    int[] s = {1, 1, 21, 21, 3, 3};
    Attention spec = spec(form, DType.F32, s, true, Layout.DENSE, null);
    for (int operand = 0; operand < 3; operand++) {
      List<Elements> in = Samples.inputs(spec, r);
      in.get(operand).set(13 * 3 + 1, Double.NaN);
      PlanCheck.check(spec, in);
    }
  }
}
