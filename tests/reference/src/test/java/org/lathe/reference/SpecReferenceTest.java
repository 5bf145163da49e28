package org.lathe.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.Scan;
import org.lathe.hal.spec.Sort;
import org.lathe.hal.spec.TopK;
import org.lathe.hal.spec.View;

/** The reference against closed forms, known answers and finite differences of itself. */
class SpecReferenceTest {
  private static final DType F64 = DType.F64;
  private final Random random = new Random(71);

  private static Elements f64(double... values) {
    Elements e = Elements.poisoned(F64, values.length);
    e.set(values);
    return e;
  }

  @Test
  void philoxGivesTheKnownAnswersOfRandom123() {
    assertArrayEquals(new int[]{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, PhiloxReference.block(0, 0, 0));
    assertArrayEquals(new int[]{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, PhiloxReference.block(-1, -1, -1));
    assertArrayEquals(
        new int[]{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        PhiloxReference.block(0x299f31d0a4093822L, 0x0370734413198a2eL, 0x85a308d3243f6a88L));
  }

  @ParameterizedTest
  @CsvSource({"0.1, 0.1124629160182849", "-0.5, -0.5204998778130465", "1, 0.8427007929497149",
      "1.9, 0.9927904292352575", "2.1, 0.997020533343667", "2.9, 0.9999589021219005",
      "3.1, 0.9999883513426328", "7, 1", "1e-9, 1.1283791670955126e-9"})
  void errorFunctionMatchesTables(double x, double expected) {
    assertEquals(expected, ExprReference.erf(x), 1e-15 * Math.abs(expected) + 1e-18);
  }

  @Test
  void halvesRoundToEven() {
    assertEquals(1.0, Scalar.round(DType.BF16, 1 + 0x1p-8));
    assertEquals(1 + 0x1p-6, Scalar.round(DType.BF16, 1 + 3 * 0x1p-8));
    assertEquals(Double.POSITIVE_INFINITY, Scalar.round(DType.BF16, Float.MAX_VALUE));
    assertEquals(1.0, Scalar.round(DType.F16, 1 + 0x1p-11));
    assertEquals(65504, Scalar.round(DType.F16, 65519));
  }

  @Test
  void sortPutsNaNLastAndKeepsTheOrderOfEqualValues() {
    Elements x = f64(2, Double.NaN, -0.0, 0.0, 7, 2);
    List<Elements> up = SpecReference.run(new Sort(F64, 1, 6, false), List.of(x));
    assertArrayEquals(new double[]{2, 3, 0, 5, 4, 1}, up.get(1).toArray());
    List<Elements> top = SpecReference.run(new TopK(F64, 1, 6, 4), List.of(x));
    assertArrayEquals(new double[]{4, 0, 5, 2}, top.get(1).toArray());
    assertArrayEquals(new double[]{7, 2, 2, -0.0}, top.get(0).toArray());
  }

  @Test
  void scansRunBackwardsAndLeaveOut() {
    Elements x = f64(1, 2, 3, 4);
    Scan reverse = new Scan(Combiner.SUM, F64, 1, 4, 1, true, false);
    assertArrayEquals(new double[]{10, 9, 7, 4}, SpecReference.run(reverse, List.of(x)).get(0).toArray());
    Scan exclusive = new Scan(Combiner.PRODUCT, F64, 1, 2, 2, false, true);
    assertArrayEquals(new double[]{1, 1, 1, 2}, SpecReference.run(exclusive, List.of(x)).get(0).toArray());
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static Convolution convolution(Convolution.Form form, Convolution.Geometry g) {
    Dims first = form == Convolution.Form.DATA_GRADIENT ? g.resultShape() : g.dataShape();
    Dims second = form == Convolution.Form.FILTER_GRADIENT ? g.resultShape() : g.filterShape();
    Dims out = switch (form) {
      case FORWARD -> g.resultShape();
      case DATA_GRADIENT -> g.dataShape();
      case FILTER_GRADIENT -> g.filterShape();
    };
    return new Convolution(
        form, g, View.dense(F64, first), View.dense(F64, second), Epilogue.store(F64, View.dense(F64, out)));
  }

  /** A convolution is linear in each factor, so its gradients are its transposes. */
  @Test
  void gradientsOfConvolutionsAreTransposes() {
    Convolution.Geometry g = new Convolution.Geometry(2, 4, 7, 6, 6, 3, 5, 3, 2, 2, 1, 1, 0, 2, 1, 2);
    Convolution forward = convolution(Convolution.Form.FORWARD, g);
    List<Elements> in = Samples.inputs(forward, random);
    double[] out = SpecReference.run(forward, in).get(0).toArray();
    Elements d = Samples.operand(forward.outputs().get(0), random);
    double[] data = SpecReference
        .run(convolution(Convolution.Form.DATA_GRADIENT, g), List.of(d, in.get(1))).get(0).toArray();
    double[] filters = SpecReference
        .run(convolution(Convolution.Form.FILTER_GRADIENT, g), List.of(in.get(0), d)).get(0).toArray();
    double expected = dot(out, d.toArray());
    assertTrue(Math.abs(expected) > 1e-3);
    assertEquals(expected, dot(data, in.get(0).toArray()), 1e-10);
    assertEquals(expected, dot(filters, in.get(1).toArray()), 1e-10);
  }

  private static Pooling pooling(Pooling.Kind kind, Pooling.Form form, boolean countPadding) {
    return Pooling.storing(kind, form, F64, 2, 1, 5, 6, 3, 4, 3, 2, 2, 2, 1, 1, countPadding);
  }

  @Test
  void gradientsOfPoolingAreTransposes() {
    for (boolean counted : new boolean[]{false, true}) {
      Pooling forward = pooling(Pooling.Kind.MEAN, Pooling.Form.FORWARD, counted);
      Elements x = Samples.operand(forward.inputs().get(0), random);
      Elements d = Samples.operand(forward.outputs().get(0), random);
      double[] back = SpecReference.run(pooling(Pooling.Kind.MEAN, Pooling.Form.GRADIENT, counted), List.of(d)).get(0)
          .toArray();
      double[] out = SpecReference.run(forward, List.of(x)).get(0).toArray();
      assertEquals(dot(out, d.toArray()), dot(back, x.toArray()), 1e-12);
    }
    // Where the maxima are is fixed by the data: picking is linear in the other operand, and the gradient its transpose.
    Pooling pick = pooling(Pooling.Kind.MAX, Pooling.Form.PICK, false);
    List<Elements> in = Samples.inputs(pick, random);
    Elements d = Samples.operand(pick.outputs().get(0), random);
    double[] picked = SpecReference.run(pick, in).get(0).toArray();
    double[] back = SpecReference
        .run(pooling(Pooling.Kind.MAX, Pooling.Form.GRADIENT, false), List.of(in.get(0), d)).get(0).toArray();
    assertEquals(dot(picked, d.toArray()), dot(back, in.get(1).toArray()), 1e-12);
  }

  /** Compares a gradient with central differences of the loss {@code sum of outputs * weights}. */
  private void differences(
      String what, KernelSpec forward, List<Elements> in, int input, List<double[]> weights, double[] gradient) {
    Elements x = in.get(input);
    for (int i = 0; i < x.size(); i++) {
      double kept = x.real(i);
      double step = 1e-5;
      x.set(i, kept + step);
      double above = loss(forward, in, weights);
      x.set(i, kept - step);
      double below = loss(forward, in, weights);
      x.set(i, kept);
      assertEquals((above - below) / (2 * step), gradient[i], 1e-7, what + "[" + i + "]");
    }
  }

  private static double loss(KernelSpec forward, List<Elements> in, List<double[]> weights) {
    List<Elements> out = SpecReference.run(forward, in);
    double sum = 0;
    for (int j = 0; j < weights.size(); j++) {
      sum += dot(out.get(j).toArray(), weights.get(j));
    }
    return sum;
  }

  @ParameterizedTest
  @EnumSource
  void recurrencesGoBackAsTheyWentForward(Recurrence.Cell cell) {
    for (boolean reverse : new boolean[]{false, true}) {
      Recurrence forward = new Recurrence(cell, Recurrence.Form.FORWARD, F64, 3, 2, 3, reverse);
      Recurrence backward = new Recurrence(cell, Recurrence.Form.BACKWARD, F64, 3, 2, 3, reverse);
      List<Elements> in = Samples.inputs(forward, random);
      List<Elements> after = SpecReference.run(forward, in);
      Elements d = Samples.operand(forward.outputs().get(0), random);
      List<double[]> weights = new ArrayList<>(List.of(d.toArray()));
      List<Elements> back = new ArrayList<>(List.of(in.get(1), in.get(2), after.get(0)));
      if (cell == Recurrence.Cell.LSTM) {
        Elements last = Samples.operand(backward.inputs().getLast(), random);
        double[] cells = new double[18];
        System.arraycopy(last.toArray(), 0, cells, reverse ? 0 : 12, 6);
        weights.add(cells);
        back.addAll(List.of(in.get(3), after.get(1), after.get(2), d, last));
      } else {
        back.addAll(cell == Recurrence.Cell.GRU ? List.of(after.get(1), d) : List.of(d));
      }
      List<Elements> gradients = SpecReference.run(backward, back);
      differences(cell + " projected", forward, in, 0, weights, gradients.get(0).toArray());
      int h0 = cell == Recurrence.Cell.GRU ? 2 : 1;
      differences(cell + " h0", forward, in, 2, weights, gradients.get(h0).toArray());
      if (cell == Recurrence.Cell.LSTM) {
        differences(cell + " c0", forward, in, 3, weights, gradients.get(2).toArray());
      }
      if (cell == Recurrence.Cell.GRU) {
        // The bias is added to u at every step: its gradient is the sum of u's.
        double[] u = gradients.get(1).toArray();
        double[] bias = new double[9];
        for (int i = 0; i < u.length; i++) {
          bias[i % 9] += u[i];
        }
        differences(cell + " bias", forward, in, 3, weights, bias);
      }
    }
  }

  private static Attention attention(Attention.Form form, boolean causal) {
    Dims query = Dims.of(1, 2, 4, 3);
    Dims key = Dims.of(1, 2, 5, 3);
    Dims value = Dims.of(1, 2, 5, 2);
    return new Attention(
        form, 1, 2, 4, 5, 3, 2, causal, 0.6, View.dense(F64, query), View.dense(F64, key), View.dense(F64, value),
        View.of(F64, 0, 20, 5, 1), View.dense(F64, Dims.of(1, 2, 4, 2)));
  }

  @Test
  void attentionGoesBackAsItWentForward() {
    for (boolean causal : new boolean[]{false, true}) {
      Attention forward = attention(Attention.Form.FORWARD, causal);
      List<Elements> in = Samples.inputs(forward, random);
      List<Elements> after = SpecReference.run(forward, in);
      Elements d = Samples.operand(forward.outputs().get(0), random);
      List<Elements> back = new ArrayList<>(in);
      back.addAll(List.of(after.get(0), after.get(1), d));
      List<Elements> gradients = SpecReference.run(attention(Attention.Form.BACKWARD, causal), back);
      for (int i = 0; i < 3; i++) {
        differences("input " + i, forward, in, i, List.of(d.toArray()), gradients.get(i).toArray());
      }
    }
  }

  @Test
  void aQueryThatSeesNothingGivesZeros() {
    View four = View.dense(F64, Dims.of(1, 1, 3, 1));
    View two = View.dense(F64, Dims.of(1, 1, 1, 1));
    Attention a = new Attention(Attention.Form.FORWARD, 1, 1, 3, 1, 1, 1, true, 1, four, two, two, null, four);
    List<Elements> out = SpecReference.run(a, List.of(f64(1, 2, 3), f64(1), f64(5)));
    assertArrayEquals(new double[]{0, 0, 5}, out.get(0).toArray());
    assertArrayEquals(
        new double[]{Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 3}, out.get(1).toArray(), 1e-15);
  }

  @Test
  void tolerancesTellWhatDiffers() {
    Tolerance t = Tolerance.of(DType.F32, 10);
    t.check("x", f64(1, Double.NaN, Double.NEGATIVE_INFINITY), f64(1 + 1e-7, Double.NaN, Double.NEGATIVE_INFINITY));
    String message = assertThrows(AssertionError.class, () -> t.check("x", f64(1, 2, 3), f64(1, 2.1, Double.NaN)))
        .getMessage();
    assertTrue(message.startsWith("x, element 1: expected 2.0, found 2.1 (2 of 3 differ"), message);
    assertTrue(!t.accepts(Double.POSITIVE_INFINITY, Double.MAX_VALUE));
    assertTrue(!t.accepts(1, Double.NaN));
  }
}
