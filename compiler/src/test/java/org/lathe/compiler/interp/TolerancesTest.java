package org.lathe.compiler.interp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Linear;
import org.lathe.compiler.op.OpDef.Tolerance;
import org.lathe.compiler.op.Reductions;
import org.lathe.compiler.op.Softmaxes;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

class TolerancesTest {
  private static Literal f32(double... v) {
    return Literal.of(TensorType.of(DType.F32, v.length), v);
  }

  private static Optional<String> exact(Literal a, Literal b) {
    return Tolerances.mismatch(a, b, Tolerance.EXACT, 1);
  }

  @Test
  void specialValuesMatchOnlyThemselves() {
    double inf = Double.POSITIVE_INFINITY;
    Literal x = f32(Double.NaN, inf, -inf, 0.0, -0.0);
    assertTrue(exact(x, f32(Double.NaN, inf, -inf, -0.0, 0.0)).isEmpty());
    Tolerance loose = new Tolerance(1, 1);
    for (double[] other : new double[][]{{0, inf, -inf, 0, 0}, {Double.NaN, -inf, -inf, 0, 0},
        {Double.NaN, 1e300, -inf, 0, 0}}) {
      assertTrue(Tolerances.mismatch(x, f32(other), loose, 1).isPresent());
    }
    assertTrue(Tolerances.mismatch(f32(1, 1), f32(1, Double.NaN), loose, 1).isPresent());
  }

  @Test
  void theMessageNamesTheFirstAndTheWorst() {
    Literal expected = Literal.of(TensorType.of(DType.F32, 2, 2), 1, 2, 3, 4);
    Literal actual = Literal.of(TensorType.of(DType.F32, 2, 2), 1, 2.5, 3, 5);
    String message = Tolerances.mismatch(expected, actual, new Tolerance(0, 0.25), 1).orElseThrow();
    assertEquals(
        "2 of 4 elements of f32[2,2] differ: first [0, 1] expected 2.0, found 2.5, worst [1, 1] expected 4.0, found 5.0;"
            + " allowed there 0.25",
        message);
    assertEquals(4, Tolerances.share(expected, actual, new Tolerance(0, 0.25), 1));
    assertEquals("expected f32[2,2], found f32[1]", exact(expected, f32(1)).orElseThrow());
  }

  @Test
  void boundsGrowWithTheLengthAndTheEpsilon() {
    Tolerance t = new Tolerance(1e-6, 1e-7);
    assertEquals(2.1e-6, Tolerances.bound(2, DType.F32, t, 1), 1e-12);
    assertEquals(8.4e-6, Tolerances.bound(-2, DType.F32, t, 16), 1e-12);
    assertEquals(2.1e-6 * 65536, Tolerances.bound(2, DType.BF16, t, 1), 1e-9);
    assertEquals(2.1e-6 / (1 << 29), Tolerances.bound(2, DType.F64, t, 1), 1e-20);
    assertEquals(0, Tolerances.bound(2, DType.I32, t, 100));
  }

  @Test
  void lengthsAreThoseOfTheSums() {
    List<TensorType> factors = List.of(TensorType.of(DType.F32, 3, 100), TensorType.of(DType.F32, 100, 7));
    assertEquals(100, Tolerances.reductionLength(Linear.MATMUL, factors, Attributes.NONE));
    List<TensorType> rows = List.of(TensorType.of(DType.F32, 5, 64));
    assertEquals(64, Tolerances.reductionLength(Reductions.SUM, rows, Attributes.of("axes", Dims.of(1))));
    assertEquals(64, Tolerances.reductionLength(Softmaxes.SOFTMAX, rows, Attributes.of("axis", 1)));
  }
}
