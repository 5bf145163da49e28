package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Attention.Form;
import org.lathe.hal.spec.View;

class AttentionKernelTest {
  /** batch, heads, queries, keys, width, value width. */
  private static final long[][] SHAPES = {
      {1, 1, 1, 1, 1, 1},
      {1, 2, 3, 5, 7, 3},
      {2, 1, 17, 17, 16, 33},
      {1, 1, 65, 130, 33, 40},
      {1, 2, 130, 65, 20, 13},
      {2, 2, 63, 64, 64, 64},
      {1, 1, 0, 3, 4, 4},
      {1, 1, 3, 0, 4, 4},
      {0, 2, 3, 3, 4, 4},
      {1, 1, 253, 107, 5, 2}
  };

  private enum Layout {
    DENSE,
    /** Views [batch, position, head, column] seen as [batch, head, position, column]. */
    PERMUTED,
    /** Columns apart, positions reversed, an offset. */
    ODD
  }

  private static View view(DType dtype, Layout layout, Dims space) {
    long h = space.get(1);
    long n = space.get(2);
    long w = space.get(3);
    return switch (layout) {
      case DENSE -> View.dense(dtype, space);
      case PERMUTED -> View.of(dtype, n * h * w, w, h * w, 1);
      case ODD -> n == 0
          ? View.dense(dtype, space)
          : new View(dtype, 3 + (n - 1) * w * 2, Dims.of(h * n * w * 2, n * w * 2, -w * 2, 2), null);
    };
  }

  private static Attention spec(
      Form form, DType dtype, long[] s, boolean causal, Layout layout, View bias) {
    return new Attention(
        form, s[0], s[1], s[2], s[3], s[4], s[5], causal, 1 / Math.sqrt(s[4]),
        view(dtype, layout, Dims.of(s[0], s[1], s[2], s[4])),
        view(dtype, layout, Dims.of(s[0], s[1], s[3], s[4])),
        view(dtype, layout, Dims.of(s[0], s[1], s[3], s[5])),
        bias,
        view(dtype, layout, Dims.of(s[0], s[1], s[2], s[5])));
  }

  private static Attention backward(Attention a) {
    return new Attention(
        Form.BACKWARD, a.batch(), a.heads(), a.queries(), a.keys(), a.width(), a.valueWidth(), a.causal(), a.scale(),
        a.query(), a.key(), a.value(), a.bias(), a.out());
  }

  private record Case(Attention spec, double[] q, double[] k, double[] v, double[] bias) {
    static Case of(Random random, Attention a) {
      return new Case(
          a,
          SequenceRun.random(random, a.inputs().get(0).elements(), 2),
          SequenceRun.random(random, a.inputs().get(1).elements(), 2),
          SequenceRun.random(random, a.inputs().get(2).elements(), 1),
          a.bias() == null ? new double[0] : SequenceRun.random(random, a.inputs().get(3).elements(), 2));
    }

    double[][] inputs(double[]... more) {
      List<double[]> in = new ArrayList<>(List.of(q, k, v));
      if (spec.bias() != null) {
        in.add(bias);
      }
      in.addAll(List.of(more));
      return in.toArray(double[][]::new);
    }

    double[][] expected() {
      return SequenceRun.expected(spec, inputs());
    }

    double[][] forward(int workers) {
      return SequenceRun.outputs(spec, workers, inputs());
    }

    double[][] backward(double[][] forward, double[] gradient, int workers) {
      return SequenceRun.outputs(
          AttentionKernelTest.backward(spec), workers, inputs(forward[0], forward[1], gradient));
    }
  }

  private interface Check {
    void on(Case c, String name);
  }

  private static void each(DType dtype, long seed, Check check) {
    Random random = new Random(seed);
    for (long[] s : SHAPES) {
      for (boolean causal : new boolean[]{false, true}) {
        Layout[] layouts = Layout.values();
        for (Layout layout : s[2] * s[3] < 1000 ? layouts : new Layout[]{layouts[random.nextInt(3)]}) {
          View[] biases = {
              null,
              View.dense(dtype, Dims.of(s[0], s[1], s[2], s[3])),
              View.of(dtype, s[3], 0, 0, 1),
              View.of(dtype, 0, s[2], 1, 0)
          };
          View bias = biases[random.nextInt(biases.length)];
          Attention a = spec(Form.FORWARD, dtype, s, causal, layout, bias);
          check.on(Case.of(random, a), a.toString());
        }
      }
    }
  }

  private static void forward(DType dtype, double tolerance, long seed) {
    each(
        dtype,
        seed,
        (c, name) -> {
          // What the views do not touch is NaN in both.
          SequenceRun.close(name, c.expected(), c.forward(1), tolerance);
        });
  }

  @Test
  void forwardF32() {
    forward(DType.F32, 4e-6, 1);
  }

  @Test
  void forwardF64() {
    forward(DType.F64, 1e-13, 2);
  }

  private static void backward(DType dtype, double tolerance, long seed) {
    Random random = new Random(seed);
    each(
        dtype,
        seed,
        (c, name) -> {
          double[] gradient = SequenceRun.random(random, c.spec().outputs().get(0).elements(), 1);
          double[][] forward = c.forward(1);
          double[][] expected = SequenceRun.expected(
              AttentionKernelTest.backward(c.spec()), c.inputs(forward[0], forward[1], gradient));
          SequenceRun.close(name, expected, c.backward(forward, gradient, 1), tolerance);
        });
  }

  @Test
  void backwardF64() {
    backward(DType.F64, 1e-12, 3);
  }

  @Test
  void backwardF32() {
    backward(DType.F32, 3e-5, 4);
  }

  @Test
  void bitsDoNotDependOnWorkers() {
    Random random = new Random(5);
    for (long[] s : new long[][]{{1, 1, 200, 150, 33, 40}, {1, 3, 70, 70, 16, 16}, {2, 2, 33, 65, 8, 8}}) {
      for (DType dtype : List.of(DType.F32, DType.F64)) {
        Case c = Case.of(random, spec(Form.FORWARD, dtype, s, true, Layout.PERMUTED, null));
        double[][] one = c.forward(1);
        double[] gradient = SequenceRun.random(random, one[0].length, 1);
        double[][] back = c.backward(one, gradient, 1);
        for (int workers : new int[]{2, 3}) {
          SequenceRun.sameBits(c.spec() + " by " + workers, one, c.forward(workers));
          SequenceRun.sameBits(c.spec() + " by " + workers, back, c.backward(one, gradient, workers));
        }
      }
    }
  }

  @Test
  void fullyMaskedRowsGiveZeros() {
    Random random = new Random(6);
    long[] s = {1, 2, 70, 70, 16, 20};
    for (DType dtype : List.of(DType.F32, DType.F64)) {
      Case c = Case.of(random,
          spec(Form.FORWARD, dtype, s, false, Layout.DENSE, View.dense(dtype, Dims.of(1, 2, 70, 70))));
      for (int i = 0; i < c.bias().length; i++) {
        int row = i / 70;
        if (row % 3 == 0 || random.nextInt(3) == 0) {
          c.bias()[i] = Double.NEGATIVE_INFINITY;
        }
      }
      double[][] found = c.forward(2);
      SequenceRun.close(dtype.toString(), c.expected(), found, 4e-6);
      double[] gradient = SequenceRun.random(random, found[0].length, 1);
      double[][] back = c.backward(found, gradient, 2);
      for (int row = 0; row < 140; row++) {
        assertEquals(row % 3 == 0, found[1][row] == Double.NEGATIVE_INFINITY);
        for (int d = 0; d < 16; d++) {
          double g = back[0][row * 16 + d];
          assertTrue(row % 3 == 0 ? g == 0 : Double.isFinite(g), row + " " + d + " " + g);
        }
      }
      for (double[] g : back) {
        for (double x : g) {
          assertTrue(Double.isFinite(x));
        }
      }
    }
  }

  @Test
  void queriesBeforeAllKeysSeeNothing() {
    Case c = Case.of(new Random(7),
        spec(Form.FORWARD, DType.F32, new long[]{1, 1, 100, 30, 8, 8}, true, Layout.DENSE, null));
    double[][] found = c.forward(1);
    for (int i = 0; i < 100; i++) {
      assertEquals(i < 70, found[1][i] == Double.NEGATIVE_INFINITY);
      assertEquals(i < 70, found[0][i * 8] == 0);
    }
  }

  @Test
  void nanReachesOnlyWhatSeesIt() {
    for (DType dtype : List.of(DType.F32, DType.F64)) {
      for (int which = 0; which < 3; which++) {
        Case c = Case.of(new Random(8),
            spec(Form.FORWARD, dtype, new long[]{1, 1, 97, 97, 33, 18}, true, Layout.DENSE, null));
        int position = 71;
        double[] poisoned = List.of(c.q(), c.k(), c.v()).get(which);
        int columns = which == 2 ? 18 : 33;
        Arrays.fill(poisoned, position * columns, (position + 1) * columns, Double.NaN);
        double[][] found = c.forward(1);
        double[] gradient = SequenceRun.random(new Random(9), found[0].length, 1);
        double[] dq = c.backward(found, gradient, 2)[0];
        for (int i = 0; i < 97; i++) {
          boolean reached = which == 0 ? i == position : i >= position;
          assertEquals(reached, Double.isNaN(found[0][i * 18 + 3]), dtype + " " + which + " row " + i);
          assertEquals(reached && which != 2, Double.isNaN(found[1][i]), dtype + " " + which + " row " + i);
          assertEquals(reached, Double.isNaN(dq[i * 33 + 5]), dtype + " " + which + " gradient of row " + i);
        }
      }
    }
  }

  @Test
  void largeScoresDoNotOverflow() {
    Case c = Case.of(new Random(10),
        spec(Form.FORWARD, DType.F32, new long[]{1, 1, 9, 200, 8, 8}, false, Layout.DENSE, null));
    for (int i = 0; i < c.q().length; i++) {
      c.q()[i] *= 1000;
    }
    double[][] found = c.forward(1);
    double[][] expected = c.expected();
    SequenceRun.close("out", expected[0], found[0], 2e-3);
    SequenceRun.close("log-sum", expected[1], found[1], 1e-6);
  }
}
