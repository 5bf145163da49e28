package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
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
        if (p.kind() == Kind.MAX && p.form() != Form.GRADIENT && p.epilogue().isStore()) {
          // The first of the largest, and so the sign of a zero.
          assertArrayEquals(bits(expected.getFirst().toArray()), bits(alone), p + " " + kernel.variant());
        }
        r.run(kernel, 3);
        assertArrayEquals(alone, r.output(), 0.0);
        // The scalar form stands in for the vector form until that is compiled.
        assertArrayEquals(other == null ? alone : other, alone, 0.0, p + ": the forms differ");
        other = alone;
      }
    }
  }

  private static long[] bits(double[] values) {
    return Arrays.stream(values).mapToLong(Double::doubleToLongBits).toArray();
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
      "0, 2, 5, 5, 1, 1, 5, 5, 1, 1, 0, 0",
      "1, 2, 112, 112, 56, 56, 3, 3, 2, 2, 1, 1",
      "1, 1, 207, 131, 104, 66, 3, 3, 2, 2, 1, 1",
      "1, 1, 97, 131, 97, 131, 3, 3, 1, 1, 1, 1",
      "40, 3, 7, 7, 3, 3, 3, 3, 2, 2, 0, 0",
      "1, 2, 61, 33, 21, 9, 5, 2, 3, 4, 3, 2",
      "1, 1, 50, 41, 50, 41, 13, 13, 1, 1, 6, 6",
      "1, 1, 300, 70, 42, 23, 2, 1, 7, 3, 0, 0",
      "1, 3, 17, 207, 10, 40, 3, 6, 2, 5, 7, 9",
      "1, 2, 4, 5, 9, 8, 1, 1, 2, 2, 5, 6",
      "2, 5, 3, 3, 1, 1, 3, 3, 2, 2, 0, 0"
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

  @Test
  void randomShapes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 60; round++) {
      long wh = random.nextInt(1, 7);
      long ww = random.nextInt(1, 7);
      long sy = random.nextInt(1, 5);
      long sx = random.nextInt(1, 5);
      // Also windows that hang over, or lie outside, on any side, and data that no window reaches.
      long[] v = {random.nextInt(1, 3), random.nextInt(1, 6), random.nextInt(1, 40), random.nextInt(1, 70),
          random.nextInt(1, 40), random.nextInt(1, 40), wh, ww, sy, sx, random.nextInt((int) wh + 2),
          random.nextInt((int) ww + 2)};
      Kind kind = random.nextInt(3) == 0 ? Kind.MEAN : Kind.MAX;
      Form form = Form.values()[random.nextInt(kind == Kind.MEAN ? 2 : 3)];
      try {
        check(pooling(kind, form, DType.F32, random.nextBoolean(), v), kind == Kind.MAX && random.nextBoolean());
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
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
  @CsvSource({"2, 12, 13, 2", "2, 12, 13, 3", "1, 120, 131, 3"})
  void anEpilogueFollows(long batch, long height, long width, long window) {
    long[] v = {batch, 3, height, width, height / window, width / window, window, window, window, window, 0, 0};
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
