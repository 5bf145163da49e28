package org.lathe.compiler.op;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** References against known values and identities, and what happens at the edges of the types. */
class OpValuesTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;

  private static double[] binary(OpDef op, Literal a, Literal b) {
    return op.reference().evaluate(List.of(a, b), Attributes.NONE).getFirst().toArray();
  }

  private static double[] unary(OpDef op, Literal a) {
    return op.reference().evaluate(List.of(a), Attributes.NONE).getFirst().toArray();
  }

  @Test
  void integersWrapAndNeverDivideByZero() {
    double most = Integer.MAX_VALUE;
    double least = Integer.MIN_VALUE;
    Literal a = Eval.of("i32[4]", most, least, 7, -7);
    Literal b = Eval.of("i32[4]", 1, -1, 0, 2);
    assertArrayEquals(new double[]{least, most, 7, -5}, binary(Elementwise.ADD, a, b));
    assertArrayEquals(new double[]{most, least, 0, -3}, binary(Elementwise.DIV, a, b));
    assertArrayEquals(new double[]{0, 0, 0, -1}, binary(Elementwise.REM, a, b));
    assertArrayEquals(new double[]{-most, least, -7, 7}, unary(Elementwise.NEG, a));
    assertArrayEquals(new double[]{most, least, 7, 7}, unary(Elementwise.ABS, a));
    assertArrayEquals(new double[]{1, 0, 0, 0},
        binary(Elementwise.MUL, Eval.of("i32[4]", most, 65536, 0, 0), Eval.of("i32[4]", most, 65536, 3, 0)));
    assertArrayEquals(new double[]{4, 254},
        binary(Elementwise.ADD, Eval.of("u8[2]", 250, 255), Eval.of("u8[2]", 10, 255)));
    assertArrayEquals(new double[]{-2, 1},
        binary(Elementwise.SHIFT_LEFT, Eval.of("i32[2]", most, 1), Eval.of("i32[2]", 1, 32)));
    assertArrayEquals(new double[]{15, 1},
        binary(Elementwise.SHIFT_RIGHT, Eval.of("i32[2]", -1, 2), Eval.of("i32[2]", 28, 33)));
  }

  @Test
  void nanAndSignedZeroFollowTheContract() {
    Literal a = Eval.of("f32[5]", NAN, 1, -0.0, 0.0, INF);
    Literal b = Eval.of("f32[5]", 1, NAN, 0.0, -0.0, -INF);
    assertArrayEquals(new double[]{NAN, NAN, 0.0, 0.0, INF}, binary(Elementwise.MAXIMUM, a, b));
    assertArrayEquals(new double[]{NAN, NAN, -0.0, -0.0, -INF}, binary(Elementwise.MINIMUM, a, b));
    assertArrayEquals(new double[]{1, 1, 0, 0, 1}, binary(Elementwise.NOT_EQUAL, a, b));
    assertArrayEquals(new double[]{0, 0, 1, 1, 0}, binary(Elementwise.EQUAL, a, b));
    assertArrayEquals(new double[]{0, 0, 1, 1, 1}, binary(Elementwise.GREATER_EQUAL, a, b));
    assertArrayEquals(new double[]{NAN, 1, 0, 0, 1}, unary(Elementwise.SIGN, a), 0);
    assertArrayEquals(new double[]{2, -2, 2, 0, -0.0},
        unary(Elementwise.ROUND, Eval.of("f32[5]", 2.5, -1.5, 1.5, 0.5, -0.5)));
    assertArrayEquals(new double[]{0, 1, 0.5}, unary(Elementwise.SIGMOID, Eval.of("f32[3]", -INF, INF, 0)));
    assertArrayEquals(new double[]{NAN, 0, INF}, unary(Activations.RELU, Eval.of("f32[3]", NAN, -INF, INF)));
    assertArrayEquals(new double[]{0, 800}, unary(Activations.SOFTPLUS, Eval.of("f32[2]", -800, 800)));
  }

  @Test
  void castsTruncateSaturateAndDropBits() {
    Literal x = Eval.of("f32[6]", 2.9, -2.9, NAN, 1e20, -1e20, 300);
    assertArrayEquals(
        new double[]{2, -2, 0, Integer.MAX_VALUE, Integer.MIN_VALUE, 300},
        Eval.values(in -> in.get(0).cast(DType.I32), x));
    assertArrayEquals(new double[]{2, 0, 0, 255, 0, 255}, Eval.values(in -> in.get(0).cast(DType.U8), x));
    assertArrayEquals(new double[]{1, 1, 1, 1, 1, 1}, Eval.values(in -> in.get(0).cast(DType.BOOL), x));
    assertArrayEquals(
        new double[]{44, 255, 0},
        Eval.values(in -> in.get(0).cast(DType.U8), Eval.of("i32[3]", 300, -1, 256)));
  }

  @Test
  void theErrorFunctionHasItsKnownValues() {
    double[] y = unary(Elementwise.ERF, Eval.vector(0.5, 1, 2, 3.5, 7, -1, INF, 1e-10));
    double[] known = {
        0.5204998778130465, 0.8427007929497149, 0.9953222650189527, 0.9999992569016276, 1, -0.8427007929497149, 1,
        1.1283791670955126e-10
    };
    assertArrayEquals(known, y, 2e-15);
    assertTrue(Double.isNaN(unary(Elementwise.ERF, Eval.vector(NAN, 0))[0]));
  }

  @Test
  void emptyReductionsGiveTheIdentity() {
    Literal none = Literal.of(TensorType.parse("f32[2,0]"));
    assertArrayEquals(new double[]{0, 0}, Eval.values(x -> x.get(0).sum(1), none));
    assertArrayEquals(new double[]{1, 1}, Eval.values(x -> x.get(0).product(1), none));
    assertArrayEquals(new double[]{-INF, -INF}, Eval.values(x -> x.get(0).max(1), none));
    assertArrayEquals(new double[]{0, 0}, Eval.values(x -> x.get(0).argMin(1), none));
    assertArrayEquals(new double[]{NAN, NAN}, Eval.values(x -> x.get(0).mean(1), none));
    Literal integers = Literal.of(TensorType.parse("i32[0]"));
    assertArrayEquals(new double[]{Integer.MIN_VALUE}, Eval.values(x -> x.get(0).max(), integers));
    assertArrayEquals(new double[]{255}, Eval.values(x -> x.get(0).min(), Literal.of(TensorType.parse("u8[0]"))));
  }

  @Test
  void extremesTakeTheFirstAndNanWins() {
    Literal x = Eval.of("f32[2,4]", 1, 3, 3, -INF, 2, NAN, 9, NAN);
    assertArrayEquals(new double[]{3, NAN}, Eval.values(in -> in.get(0).max(1), x));
    assertArrayEquals(new double[]{1, 1}, Eval.values(in -> in.get(0).argMax(1), x));
    assertArrayEquals(new double[]{3, 1}, Eval.values(in -> in.get(0).argMin(1), x));
    assertArrayEquals(new double[]{5},
        Eval.values(in -> argMaxOfAll(in.get(0)), Eval.of("f32[2,4]", 1, 3, 3, 0, 2, 7, 7, 6)));
  }

  private static Tensor argMaxOfAll(Tensor x) {
    return Tensor.apply(Reductions.ARG_MAX, List.of(x), Attributes.of("axes", Dims.of(0, 1)));
  }

  @Test
  void sortsAreStableAndPutNanLast() {
    Literal x = Eval.of("f32[6]", 2, NAN, -0.0, 0.0, -1, 2);
    List<Literal> up = Eval.all(in -> in.get(0).sort(false), x);
    assertArrayEquals(new double[]{-1, -0.0, 0.0, 2, 2, NAN}, up.get(0).toArray());
    assertArrayEquals(new double[]{4, 2, 3, 0, 5, 1}, up.get(1).toArray());
    List<Literal> down = Eval.all(in -> in.get(0).sort(true), x);
    assertArrayEquals(new double[]{0, 5, 2, 3, 4, 1}, down.get(1).toArray());
    List<Literal> top = Eval.all(in -> in.get(0).topK(2), x);
    assertArrayEquals(new double[]{2, 2}, top.get(0).toArray());
    assertArrayEquals(new double[]{0, 5}, top.get(1).toArray());
  }

  @Test
  void philoxGivesItsPublishedVectors() {
    TensorType four = TensorType.of(DType.I32, 4);
    assertArrayEquals(hex(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8), RandomOps.bits(0, 0, four).toArray());
    // The published vector with the counter at {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}.
    long block = 0x85a308d3_243f6a88L;
    long stream = 0x03707344_13198a2eL;
    long key = 0x299f31d0_a4093822L;
    int[] found = RandomOps.philox(key, stream, block);
    assertArrayEquals(new int[]{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, found);
  }

  private static double[] hex(int... words) {
    return Arrays.stream(words).asDoubleStream().toArray();
  }

  @Test
  void drawsHaveTheirMomentsAndStreamsDiffer() {
    Literal key = Eval.of("i64[2]", 42, 7);
    Dims shape = Dims.of(20_000);
    double[] u = Eval.values(x -> RandomOps.uniform(x.get(0), 0, DType.F32, shape), key);
    assertEquals(0.5, Arrays.stream(u).average().orElseThrow(), 0.01);
    assertTrue(Arrays.stream(u).allMatch(v -> v >= 0 && v < 1 && v == (float) v));
    double[] z = Eval.values(x -> RandomOps.normal(x.get(0), 3, DType.F32, shape), key);
    assertEquals(0, Arrays.stream(z).average().orElseThrow(), 0.03);
    assertEquals(1, Arrays.stream(z).map(v -> v * v).average().orElseThrow(), 0.04);
    double[] coins = Eval.values(x -> RandomOps.bernoulli(x.get(0), 1, 0.3, shape), key);
    assertEquals(0.3, Arrays.stream(coins).average().orElseThrow(), 0.02);
    double[] other = Eval.values(x -> RandomOps.uniform(x.get(0), 1, DType.F32, shape), key);
    assertTrue(!Arrays.equals(u, other));
    assertTrue(Arrays.stream(Eval.values(x -> RandomOps.bernoulli(x.get(0), 1, 1, shape), key)).allMatch(v -> v == 1));
    assertTrue(Arrays.stream(Eval.values(x -> RandomOps.bernoulli(x.get(0), 1, 0, shape), key)).allMatch(v -> v == 0));
  }

  @Test
  void convolutionsCountAndPoolsIgnorePadding() {
    Literal ones = Eval.of("f64[1,1,3,3]", 1);
    double[] counts = Eval.values(x -> x.get(0).conv2d(x.get(0), Convolutions.Options.of(1, 1)), ones);
    assertArrayEquals(new double[]{4, 6, 4, 6, 9, 6, 4, 6, 4}, counts);
    Literal low = Eval.of("f64[1,1,2,2]", -1, -2, -3, -4);
    assertArrayEquals(new double[]{-1, -2, -3, -4},
        Eval.values(x -> x.get(0).maxPool(PoolingOps.Options.of(2, 2, 1)), low));
    PoolingOps.Options mean = PoolingOps.Options.of(2, 2, 1);
    assertArrayEquals(new double[]{-1, -2, -3, -4}, Eval.values(x -> x.get(0).meanPool(mean), low));
    assertArrayEquals(
        new double[]{-0.25, -0.5, -0.75, -1},
        Eval.values(x -> x.get(0).meanPool(mean.withCountPadding(true)), low));
  }

  @Test
  void aOneByOneConvolutionIsAMatrixProduct() {
    Random random = new Random(5);
    Literal data = Samples.draw(TensorType.parse("f64[1,3,2,5]"), OpDef.Domain.REAL, random);
    Literal filters = Samples.draw(TensorType.parse("f64[4,3,1,1]"), OpDef.Domain.REAL, random);
    double[] convolved = Eval.values(x -> x.get(0).conv2d(x.get(1), Convolutions.Options.DEFAULT), data, filters);
    double[] product = Eval.values(x -> x.get(1).reshape(4, 3).matmul(x.get(0).reshape(3, 10)), data, filters);
    assertArrayEquals(product, convolved, 1e-14);
  }

  @Test
  void lossesAndNormsHaveTheirClosedForms() {
    Literal even = Eval.of("f64[2,4]", 3);
    assertArrayEquals(
        new double[]{Math.log(4), Math.log(4)},
        Eval.values(x -> LossOps.softmaxCrossEntropy(x.get(0), x.get(1)), even, Eval.of("i32[2]", 1, 3)),
        1e-15);
    assertArrayEquals(new double[]{0.25}, Eval.values(x -> x.get(0).softmax(1).at(0, 0).at(0, 2), even));
    Literal half = Eval.vector(0, 0);
    assertArrayEquals(
        new double[]{Math.log(2), Math.log(2)},
        Eval.values(x -> LossOps.sigmoidCrossEntropy(x.get(0), x.get(1)), half, Eval.vector(0, 1)),
        1e-15);
    Literal two = Eval.of("f64[1,2]", -3, 5);
    double[] unit = Eval.values(x -> Normalisations.layerNorm(x.get(0), x.get(1), x.get(2), 0), two, Eval.vector(1, 1),
        Eval.vector(0, 10));
    assertArrayEquals(new double[]{-1, 11}, unit, 1e-15);
    Literal rows = Eval.of("f32[2,2]", -INF, -INF, INF, 0);
    assertArrayEquals(new double[]{-INF, INF}, Eval.values(x -> x.get(0).logSumExp(1), rows));
  }

  @Test
  void attentionToOneKeyIsItsValueAndToNoneIsZero() {
    Literal q = Eval.of("f64[1,1,2,1]", 3, -4);
    Literal k = Eval.of("f64[1,1,1,1]", 2);
    Literal v = Eval.of("f64[1,1,1,2]", 5, 6);
    double[] seen = Eval.values(x -> Attentions.attention(x.get(0), x.get(1), x.get(2), null, false), q, k, v);
    assertArrayEquals(new double[]{5, 6, 5, 6}, seen, 1e-15);
    double[] causal = Eval.values(x -> Attentions.attention(x.get(0), x.get(1), x.get(2), null, true), q, k, v);
    assertArrayEquals(new double[]{0, 0, 5, 6}, causal, 1e-15);
  }

  @Test
  void anLstmThatForgetsNothingAddsUp() {
    double open = 40;
    Literal projected = Eval.of("f64[3,1,4]", open, open, 40, open, open, open, 40, open, open, open, -40, open);
    Literal zero = Eval.of("f64[1,1]", 0);
    Literal weights = Eval.of("f64[1,4]", 0);
    List<Literal> out = Eval.all(
        x -> {
          Recurrences.Lstm r = Recurrences.lstm(x.get(0), x.get(1), x.get(2), x.get(2), false);
          return List.of(r.states(), r.lastCell());
        },
        projected,
        weights,
        zero);
    assertArrayEquals(new double[]{Math.tanh(1), Math.tanh(2), Math.tanh(1)}, out.get(0).toArray(), 1e-12);
    assertArrayEquals(new double[]{1}, out.get(1).toArray(), 1e-12);
  }
}
