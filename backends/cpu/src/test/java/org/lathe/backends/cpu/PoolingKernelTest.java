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

  /** From the definition: for each window, its elements inside the data. */
  private static double[] expected(KernelRunner r) {
    Pooling p = (Pooling) r.spec;
    long data = p.height() * p.width();
    double[] out = new double[(int) r.spec.outputs().getFirst().elements()];
    int window = 0;
    for (long picture = 0; picture < p.batch() * p.channels(); picture++) {
      for (long y = 0; y < p.outHeight(); y++) {
        for (long x = 0; x < p.outWidth(); x++, window++) {
          long best = -1;
          double sum = 0;
          int inside = 0;
          for (long i = 0; i < p.windowHeight(); i++) {
            for (long j = 0; j < p.windowWidth(); j++) {
              long dy = y * p.strideY() - p.padY() + i;
              long dx = x * p.strideX() - p.padX() + j;
              if (dy < 0 || dx < 0 || dy >= p.height() || dx >= p.width()) {
                continue;
              }
              inside++;
              long at = picture * data + dy * p.width() + dx;
              if (p.kind() == Kind.MEAN) {
                sum += p.form() == Form.FORWARD ? r.get(0, at) : 0;
                continue;
              }
              double v = r.get(0, at);
              boolean wins = best >= 0 && !Double.isNaN(r.get(0, best)) && (Double.isNaN(v) || v > r.get(0, best));
              best = best < 0 || wins ? at : best;
            }
          }
          double divisor = p.countPadding() ? p.windowHeight() * p.windowWidth() : inside;
          if (p.kind() == Kind.MAX) {
            switch (p.form()) {
              case FORWARD -> out[window] = best < 0 ? Double.NEGATIVE_INFINITY : r.get(0, best);
              case PICK -> out[window] = best < 0 ? 0 : r.get(1, best);
              case GRADIENT -> {
                if (best >= 0) {
                  out[(int) best] += r.get(1, window);
                }
              }
            }
          } else if (p.form() == Form.FORWARD) {
            out[window] = inside == 0 ? 0 : sum / divisor;
          } else {
            for (long i = 0; i < p.windowHeight(); i++) {
              for (long j = 0; j < p.windowWidth(); j++) {
                long dy = y * p.strideY() - p.padY() + i;
                long dx = x * p.strideX() - p.padX() + j;
                if (dy >= 0 && dx >= 0 && dy < p.height() && dx < p.width()) {
                  out[(int) (picture * data + dy * p.width() + dx)] += r.get(0, window) / divisor;
                }
              }
            }
          }
        }
      }
    }
    return out;
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
      double[] expected = expected(r);
      double tolerance = switch (p.dtype()) {
        case F16 -> 1e-2;
        case BF16 -> 8e-2;
        default -> 1e-5;
      };
      double[] other = null;
      for (boolean vector : new boolean[]{true, false}) {
        Kernel kernel = PoolingKernel.of(p, vector);
        r.run(kernel, 1);
        assertTrue(r.guardsIntact());
        double[] alone = r.output();
        assertArrayEquals(expected, alone, tolerance, p + " " + kernel.variant());
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
          Pooling p = new Pooling(kind, form, DType.F32, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10],
              v[11], false, new Epilogue(expr, List.of(View.of(DType.F32, 0, 1, 0, 0)), List.of(out)));
          checkEpilogue(p, out);
        }
      }
    }
  }

  private static void checkEpilogue(Pooling p, View out) {
    try (KernelRunner r = new KernelRunner(p)) {
      r.randomInputs(new Random(7));
      double[] pooled = expected(r);
      Dims space = p.space();
      double[] expected = new double[pooled.length];
      for (int i = 0; i < pooled.length; i++) {
        long x = i % space.get(3);
        long y = i / space.get(3) % space.get(2);
        long channel = i / (space.get(3) * space.get(2)) % space.get(1);
        long batch = i / (space.get(3) * space.get(2) * space.get(1));
        Dims s = out.strides();
        long at = batch * s.get(0) + channel * s.get(1) + y * s.get(2) + x * s.get(3);
        expected[(int) at] = 3 * pooled[i] + r.get(p.pooledInputs(), channel);
      }
      for (boolean vector : new boolean[]{true, false}) {
        Kernel kernel = PoolingKernel.of(p, vector);
        r.run(kernel, 2);
        assertTrue(r.guardsIntact());
        assertArrayEquals(expected, r.output(), 1e-5, p + " " + kernel.variant());
      }
    }
  }
}
