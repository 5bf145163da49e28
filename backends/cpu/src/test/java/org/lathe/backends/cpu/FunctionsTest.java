package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.reference.ExprReference;

class FunctionsTest {
  /** A sweep over the bit patterns of all floats: every sign, exponent, and many mantissas. */
  @ParameterizedTest
  @EnumSource(value = UnaryOp.class, names = {"EXP", "EXPM1", "LOG", "LOG1P", "TANH", "SIGMOID", "ERF"})
  void errorsOverAllMagnitudes(UnaryOp op) {
    Expr.Builder b = Expr.builder();
    Expr e = b.build(List.of(b.unary(op, b.input(0, DType.F32))));
    LoopSpec spec = LoopSpec.of(e, List.of(new LoopSpec.Input(DType.F32, 1)), List.of(LoopSpec.store(DType.F32, 1)),
        List.of(), true);
    Loop loop = LoopCompilerTest.vector(LoopCompiler.compile(spec));
    int step = op == UnaryOp.ERF ? 1_000_003 : 40_009;
    int n = (int) ((1L << 32) / step);
    try (Arena arena = Arena.ofConfined()) {
      long[] a = {arena.allocate(4L * n, 64).address(), arena.allocate(4L * n, 64).address()};
      for (int i = 0; i < n; i++) {
        Memory.putInt(a[0] + 4L * i, i * step);
      }
      loop.run(a, n);
      double worst = 0;
      float at = 0;
      for (int i = 0; i < n; i++) {
        float x = Memory.getFloat(a[0] + 4L * i);
        double want = ExprReference.real(op, x);
        float found = Memory.getFloat(a[1] + 4L * i);
        double error = Double.compare((float) want, found) == 0 ? 0 : Math.abs(found - want) / Math.ulp((float) want);
        if (!(error <= worst)) {
          worst = error;
          at = x;
        }
      }
      double most = worst;
      float where = at;
      assertTrue(worst <= 4, () -> op + " is off by " + most + " ulp at " + where);
    }
  }
}
