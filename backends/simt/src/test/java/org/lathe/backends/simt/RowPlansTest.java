package org.lathe.backends.simt;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;

class RowPlansTest {
  private static RowProgram.Stage stage(Combiner c, Expr.Builder b, int node) {
    return new RowProgram.Stage(c, b.build(List.of(node)));
  }

  private static int exponential(Expr.Builder b, DType t) {
    return b.unary(UnaryOp.EXP, b.binary(BinaryOp.SUB, b.input(0, t), b.input(1, t)));
  }

  private static RowProgram softmax(DType t, Dims rows, long columns, View in, View out) {
    Expr.Builder sum = Expr.builder();
    Expr.Builder e = Expr.builder();
    return new RowProgram(rows, columns, List.of(in),
        List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(t)), stage(Combiner.SUM, sum, exponential(sum, t))),
        e.build(List.of(e.binary(BinaryOp.DIV, exponential(e, t), e.input(2, t)))), List.of(out));
  }

  @ParameterizedTest
  @CsvSource({"5,3", "64,10", "7,207", "1,1031", "33,1", "70,31", "3,0", "0,3", "2,64", "1,1"})
  void softmaxOfManyShapes(long rows, long columns) {
    DType t = DType.F32;
    View dense = View.of(t, columns, 1);
    View apart = View.of(t, 1, Math.max(1, rows));
    PlanCheck.check(softmax(t, Dims.of(rows), columns, dense, dense));
    PlanCheck.check(softmax(t, Dims.of(rows), columns, apart, apart));
    PlanCheck.check(softmax(t, Dims.of(rows), columns, dense, apart));
    PlanCheck.check(softmax(DType.F64, Dims.of(rows), columns, View.of(DType.F64, columns, 1),
        View.of(DType.F64, columns, 1)));
  }

  @Test
  void softmaxOverChannelsAndThroughAGuard() {
    View v = View.of(DType.F32, 7 * 20, 1, 20);
    PlanCheck.check(softmax(DType.F32, Dims.of(3, 20), 7, v, v));
    for (long columns : new long[]{13, 70}) {
      View cut = new View(DType.F32, 0, Dims.of(columns, 1),
          new View.Guard(Dims.of(2, 3), Dims.of(17, columns - 2), -1.5));
      PlanCheck.check(softmax(DType.F32, Dims.of(20), columns, cut, View.of(DType.F32, columns, 1)));
    }
  }

  /** A row with -inf, one of only -inf (NaN), one with NaN, one with +inf (NaN). */
  @Test
  void maskedRows() {
    RowProgram s = softmax(DType.F32, Dims.of(5), 33, View.of(DType.F32, 33, 1), View.of(DType.F32, 33, 1));
    List<Elements> in = Samples.inputs(s, new Random());
    for (int c = 0; c < 33; c++) {
      in.getFirst().set(33 + c, Double.NEGATIVE_INFINITY);
      if (c > 20) {
        in.getFirst().set(c, Double.NEGATIVE_INFINITY);
      }
    }
    in.getFirst().set(2 * 33 + 32, Double.NaN);
    in.getFirst().set(3 * 33 + 5, Double.POSITIVE_INFINITY);
    PlanCheck.check(s, in);
  }

  /** Row loss, its gradient, and the predicted class, from logits and i32 labels. */
  @ParameterizedTest
  @CsvSource({"5,10", "9,207", "33,2", "1,1"})
  void crossEntropy(long rows, long columns) {
    DType t = DType.F32;
    Expr.Builder sum = Expr.builder();
    int z = sum.unary(UnaryOp.EXP, sum.binary(BinaryOp.SUB, sum.input(0, t), sum.input(2, t)));
    Expr.Builder picked = Expr.builder();
    int hit = picked.binary(BinaryOp.EQ, picked.input(1, DType.I32), picked.add(new Expr.Index(1)));
    Expr.Builder e = Expr.builder();
    int p = e.binary(BinaryOp.DIV, e.unary(UnaryOp.EXP, e.binary(BinaryOp.SUB, e.input(0, t), e.input(2, t))),
        e.input(3, t));
    int one = e.cast(e.binary(BinaryOp.EQ, e.input(1, DType.I32), e.add(new Expr.Index(1))), t);
    int loss = e.binary(BinaryOp.SUB,
        e.binary(BinaryOp.ADD, e.unary(UnaryOp.LOG, e.input(3, t)), e.input(2, t)), e.input(4, t));
    PlanCheck.check(new RowProgram(Dims.of(rows), columns,
        List.of(View.of(t, columns, 1), View.of(DType.I32, 1, 0)),
        List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(t)), stage(Combiner.SUM, sum, z),
            stage(Combiner.SUM, picked, picked.select(hit, picked.input(0, t), picked.constant(t, 0))),
            new RowProgram.Stage(Combiner.ARGMAX, Expr.identity(t))),
        e.build(List.of(loss, e.binary(BinaryOp.SUB, p, one), e.input(5, DType.I32))),
        List.of(View.of(t, 1, 0), View.of(t, columns, 1), View.of(DType.I32, 1, 0))));
  }

  @ParameterizedTest
  @CsvSource({"6,130", "33,5", "3,700", "1,3"})
  void layerNormWithScaleAndShift(long rows, long columns) {
    DType t = DType.F32;
    double n = 1.0 / columns;
    Expr.Builder square = Expr.builder();
    int mean = square.binary(BinaryOp.MUL, square.input(3, t), square.constant(t, n));
    int centred = square.binary(BinaryOp.SUB, square.input(0, t), mean);
    Expr.Builder e = Expr.builder();
    int m = e.binary(BinaryOp.MUL, e.input(3, t), e.constant(t, n));
    int variance = e.binary(BinaryOp.MUL, e.input(4, t), e.constant(t, n));
    int inverse = e.unary(UnaryOp.RSQRT, e.binary(BinaryOp.ADD, variance, e.constant(t, 1e-5)));
    int scaled = e.binary(BinaryOp.MUL, e.binary(BinaryOp.SUB, e.input(0, t), m), inverse);
    int result = e.binary(BinaryOp.ADD, e.binary(BinaryOp.MUL, scaled, e.input(1, t)), e.input(2, t));
    PlanCheck.check(new RowProgram(Dims.of(rows), columns,
        List.of(View.of(t, columns, 1), View.of(t, 0, 1), View.of(t, 0, 1)),
        List.of(new RowProgram.Stage(Combiner.SUM, Expr.identity(t)),
            stage(Combiner.SUM, square, square.binary(BinaryOp.MUL, centred, centred))),
        e.build(List.of(result, m, inverse)),
        List.of(View.of(t, columns, 1), View.of(t, 1, 0), View.of(t, 1, 0))));
  }
}
