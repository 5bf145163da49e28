package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;
import org.lathe.hal.spec.View;

class PoolingKernelTest {
  private static Pooling pooling(Kind kind, Form form, DType type, boolean countPadding, long... v) {
    return Pooling.storing(kind, form, type, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11],
        countPadding);
  }

  private static void check(Pooling p, boolean special) {
    try (KernelRunner r = new KernelRunner(p)) {
      Random random = new Random(p.hashCode());
      r.randomInputs(random);
      for (int e = 0; e < r.operands.get(0).elements() && special; e++) {
        // Many ties, zeros of both signs, and some that are no numbers.
        double[] values = {0, -0.0, 1, 1, 2, -1, Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY};
        r.set(0, e, values[random.nextInt(values.length)]);
      }
      List<org.lathe.reference.Elements> expected = r.expected();
      double[] other = null;
      for (boolean vector : new boolean[]{true, false}) {
        Kernel kernel = PoolingKernel.of(p, vector);
        r.run(kernel, 1);
        assertTrue(r.guardsIntact());
        double[] alone = r.output();
        r.check(p + " " + kernel.variant(), expected);
        r.run(kernel, 3);
        assertArrayEquals(alone, r.output(), 0.0);
        // The scalar form stands in for the vector form until that is compiled.
        assertArrayEquals(other == null ? alone : other, alone, 0.0, p + ": the forms differ");
        other = alone;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
      // b, c, h, w, oh, ow, wh, ww, sy, sx, py, px
      "2, 3, 28, 28, 14, 14, 2, 2, 2, 2, 0, 0",
      "2, 3, 10, 10, 5, 5, 2, 2, 2, 2, 0, 0",
      "1, 2, 70, 67, 35, 33, 2, 2, 2, 2, 0, 0",
      "1, 2, 9, 9, 4, 4, 2, 2, 2, 2, 0, 0",
      "1, 1, 6, 6, 3, 3, 2, 2, 2, 2, 0, 0",
      "2, 2, 11, 13, 6, 7, 3, 3, 2, 2, 1, 1",
      "1, 3, 5, 7, 5, 7, 3, 5, 1, 1, 1, 2",
      "1, 1, 4, 4, 6, 6, 1, 1, 1, 1, 1, 1",
      "1, 2, 7, 8, 3, 2, 2, 3, 3, 4, 0, 0",
      "3, 2, 5, 5, 1, 1, 5, 5, 1, 1, 0, 0",
      "0, 2, 5, 5, 1, 1, 5, 5, 1, 1, 0, 0"
  })
  void everyKindAndForm(
      long b, long c, long h, long w, long oh, long ow, long wh, long ww, long sy, long sx, long py, long px) {
    long[] v = {b, c, h, w, oh, ow, wh, ww, sy, sx, py, px};
    for (Form form : Form.values()) {
      check(pooling(Kind.MAX, form, DType.F32, false, v), false);
      check(pooling(Kind.MAX, form, DType.F32, false, v), true);
      check(pooling(Kind.MAX, form, DType.F64, false, v), false);
      if (form != Form.PICK) {
        check(pooling(Kind.MEAN, form, DType.F32, false, v), false);
        check(pooling(Kind.MEAN, form, DType.F64, true, v), false);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"f16", "bf16"})
  void halfTypes(String type) {
    long[] v = {1, 2, 8, 9, 4, 4, 2, 2, 2, 2, 0, 0};
    check(pooling(Kind.MAX, Form.FORWARD, DType.parse(type), false, v), false);
    check(pooling(Kind.MAX, Form.GRADIENT, DType.parse(type), false, v), false);
    check(pooling(Kind.MEAN, Form.FORWARD, DType.parse(type), false, v), false);
  }

  @Test
  void bfloat16RoundsToEven() {
    assertEquals((short) 0x3f80, Elements.toBfloat16(1f));
    assertEquals((short) 0x3f80, Elements.toBfloat16(Float.intBitsToFloat(0x3f808000)));
    assertEquals((short) 0x3f82, Elements.toBfloat16(Float.intBitsToFloat(0x3f818000)));
    assertEquals((short) 0x7f80, Elements.toBfloat16(Float.MAX_VALUE));
    assertTrue(Float.isNaN(Float.intBitsToFloat(Elements.toBfloat16(Float.intBitsToFloat(0x7f800001)) << 16)));
  }

  /** Three times the result plus a number of each channel, stored with the channels last. */
  @ParameterizedTest
  @ValueSource(longs = {2, 3})
  void anEpilogueFollows(long window) {
    long[] v = {2, 3, 12, 13, 12 / window, 13 / window, window, window, window, window, 0, 0};
    for (Kind kind : Kind.values()) {
      for (Form form : Form.values()) {
        if (kind == Kind.MEAN && form == Form.PICK) {
          continue;
        }
        for (boolean last : new boolean[]{false, true}) {
          Pooling plain = pooling(kind, form, DType.F32, false, v);
          Dims space = plain.space();
          Expr.Builder b = Expr.builder();
          int tripled = b.binary(BinaryOp.MUL, b.input(0, DType.F32), b.constant(DType.F32, 3));
          Expr expr = b.build(List.of(b.binary(BinaryOp.ADD, tripled, b.input(1, DType.F32))));
          View out = last
              ? View.of(DType.F32, space.get(2) * space.get(3) * 3, 1, space.get(3) * 3, 3)
              : View.dense(DType.F32, space);
          Pooling p = new Pooling(kind, form, DType.F32, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9],
              v[10],
              v[11], false, new Epilogue(expr, List.of(View.of(DType.F32, 0, 1, 0, 0)), List.of(out)));
          check(p, false);
        }
      }
    }
  }
}
