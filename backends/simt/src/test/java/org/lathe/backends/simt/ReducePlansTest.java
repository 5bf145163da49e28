package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;

class ReducePlansTest {
  private static Reduce reduce(DType t, Dims kept, Dims reduced, View in, Combiner combiner) {
    DType c = combiner.resultType(t.compute());
    return new Reduce(kept, reduced, List.of(in), Expr.identity(t), List.of(combiner), List.of(), Expr.identity(c),
        List.of(View.dense(c, kept)));
  }

  private static boolean allows(DType t, Combiner c) {
    return switch (c) {
      case SUM -> t != DType.BOOL;
      case PRODUCT -> t.isInteger();
      default -> true;
    };
  }

  @ParameterizedTest
  @EnumSource
  void everyCombinerOfEveryType(DType t) {
    for (Combiner c : Combiner.values()) {
      if (!allows(t, c)) {
        continue;
      }
      // Rows, columns, all of it, planes; nothing to combine, and nothing to keep.
      PlanCheck.check(reduce(t, Dims.of(5), Dims.of(33), View.of(t, 33, 1), c));
      PlanCheck.check(reduce(t, Dims.of(70), Dims.of(17), View.of(t, 1, 70), c));
      PlanCheck.check(reduce(t, Dims.of(), Dims.of(1031), View.of(t, 1), c));
      PlanCheck.check(reduce(t, Dims.of(3), Dims.of(2, 7, 5), View.of(t, 35, 105, 5, 1), c));
      PlanCheck.check(reduce(t, Dims.of(3, 1), Dims.of(0), View.of(t, 1, 1, 1), c));
      PlanCheck.check(reduce(t, Dims.of(0), Dims.of(5), View.of(t, 5, 1), c));
      PlanCheck.check(reduce(t, Dims.of(4), Dims.of(), View.of(t, 1), c));
    }
  }

  /** NaN goes through maxima and minima; -0 is below 0; the first of equal values wins, and the first NaN before it. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F64", "F16", "BF16"})
  void specialValues(DType t) {
    double[] values = {0, -0.0, 1, 1, -1, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, -0.0, Double.NaN};
    Random r = new Random();
    for (Combiner c : List.of(Combiner.MAX, Combiner.MIN, Combiner.ARGMAX, Combiner.ARGMIN)) {
      for (int kinds : new int[]{2, 5, 9, 10}) {
        Elements rows = Elements.poisoned(t, 7 * 33);
        for (int i = 0; i < rows.size(); i++) {
          rows.set(i, values[r.nextInt(kinds)]);
        }
        PlanCheck.check(reduce(t, Dims.of(7), Dims.of(33), View.of(t, 33, 1), c), List.of(rows));
        PlanCheck.check(reduce(t, Dims.of(33), Dims.of(7), View.of(t, 1, 33), c), List.of(rows));
        PlanCheck.check(reduce(t, Dims.of(), Dims.of(7 * 33), View.of(t, 1), c), List.of(rows));
      }
    }
  }

  @Test
  void momentsWithAnEpilogueThatReadsAndCounts() {
    Dims kept = Dims.of(13);
    Dims reduced = Dims.of(3, 7, 5);
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    int position = b.cast(b.add(new Expr.Index(2)), DType.F32);
    Expr producer = b.build(List.of(x, b.binary(BinaryOp.MUL, x, x), b.binary(BinaryOp.MUL, x, position)));
    Expr.Builder e = Expr.builder();
    int n = e.constant(DType.F32, 1 / 105.0);
    int mean = e.binary(BinaryOp.MUL, e.input(0, DType.F32), n);
    int square = e.unary(UnaryOp.SQRT, e.binary(BinaryOp.MUL, e.input(1, DType.F32), n));
    int third = e.binary(BinaryOp.ADD, e.input(2, DType.F32),
        e.binary(BinaryOp.MUL, e.input(3, DType.F32), e.cast(e.add(new Expr.Index(0)), DType.F32)));
    PlanCheck.check(new Reduce(kept, reduced, List.of(View.of(DType.F32, 35, 13 * 35, 5, 1)), producer,
        List.of(Combiner.SUM, Combiner.SUM, Combiner.SUM), List.of(View.of(DType.F32, 1)),
        e.build(List.of(mean, square, third)),
        List.of(View.of(DType.F32, 1), View.of(DType.F32, 2), new View(DType.F32, 12, Dims.of(-1), null))));
  }
}
