package org.lathe.compiler.ir;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;

class LiteralBytesTest {
  @ParameterizedTest
  @EnumSource
  void whatFitsComesBack(DType dtype) {
    double[] values = dtype.isFloating()
        ? new double[]{0, -0.0, 1, -2.5, 96, Double.NaN, Double.NEGATIVE_INFINITY}
        : dtype == DType.BOOL ? new double[]{0, 1, 1, 0, 1, 0, 0} : new double[]{0, 1, 2, 3, 200, 255, 7};
    Literal literal = Literal.of(TensorType.of(dtype, 7), values);
    byte[] bytes = LiteralBytes.encode(literal);
    assertEquals(7 * dtype.bytes(), bytes.length);
    assertEquals(literal, LiteralBytes.decode(literal.type(), MemorySegment.ofArray(bytes)));
  }

  /** Against the two neighbours in exact arithmetic. */
  @Test
  void halvesRoundOnceToNearestEven() {
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      double v = (random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-24, 15));
      // Values just beside the midpoint of two halves are where rounding twice goes wrong.
      float half = Float.float16ToFloat(Float.floatToFloat16((float) v));
      double near = i % 2 == 0 ? v : half + midpointStep(half) * (1 + (random.nextInt(3) - 1) * 1e-12);
      nearest(DType.F16, near, random);
      nearest(DType.BF16, v, random);
    }
  }

  private static double midpointStep(float half) {
    short bits = Float.floatToFloat16(half);
    return (Float.float16ToFloat((short) (bits + 1)) - (double) half) / 2;
  }

  private static void nearest(DType dtype, double v, Random random) {
    double rounded = LiteralBytes.round(dtype, v);
    if (Double.isInfinite(rounded) || Double.isNaN(v)) {
      return;
    }
    BigDecimal error = new BigDecimal(v).subtract(new BigDecimal(rounded)).abs();
    for (int step : new int[]{-1, 1}) {
      double other = neighbour(dtype, rounded, step);
      if (Double.isFinite(other)) {
        BigDecimal otherError = new BigDecimal(v).subtract(new BigDecimal(other)).abs();
        assertEquals(true, error.compareTo(otherError) <= 0,
            dtype + " of " + v + " gave " + rounded + ", not " + other);
      }
    }
  }

  private static double neighbour(DType dtype, double value, int step) {
    if (dtype == DType.F16) {
      return Float.float16ToFloat((short) (Float.floatToFloat16((float) value) + step));
    }
    return Float.intBitsToFloat(Float.floatToRawIntBits((float) value) + (step << 16));
  }

  @Test
  void integersNarrowAsJavaDoes() {
    assertEquals(-56, LiteralBytes.round(DType.I32, -56.9));
    assertEquals(255, LiteralBytes.round(DType.U8, -1));
    assertEquals(1, LiteralBytes.round(DType.BOOL, Double.NaN));
    assertEquals(0x1p-24, LiteralBytes.round(DType.F16, 0x1p-24));
    assertEquals(0, LiteralBytes.round(DType.F16, 0x1p-26));
    assertEquals(Double.POSITIVE_INFINITY, LiteralBytes.round(DType.F16, 65520));
  }
}
