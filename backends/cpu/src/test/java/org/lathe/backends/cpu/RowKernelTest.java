package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.RowProgram;
import org.lathe.hal.spec.View;
import org.lathe.reference.Samples;

class RowKernelTest {
  @BeforeAll
  static void useVectorForms() {
    LoopCompiler.eager = true;
  }

  static void check(RowProgram spec, Random r) {
    KernelCheck.near(RowKernel.of(spec), spec, Samples.inputs(spec, r));
  }

  static RowProgram.Stage stage(Combiner c, Expr.Builder b, int node) {
    return new RowProgram.Stage(c, b.build(List.of(node)));
  }

  static int exponential(Expr.Builder b, DType t) {
    return b.unary(UnaryOp.EXP, b.binary(BinaryOp.SUB, b.input(0, t), b.input(1, t)));
  }

  static RowProgram softmax(DType t, Dims rows, long columns, View in, View out) {
    Expr.Builder sum = Expr.builder();
    Expr.Builder e = Expr.builder();
    int result = e.binary(BinaryOp.DIV, exponential(e, t), e.input(2, t));
    return new RowProgram(rows, columns, List.of(in),
        List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(t)),
            stage(Combiner.SUM, sum, exponential(sum, t))),
        e.build(List.of(result)), List.of(out));
  }

  /** Row loss, its gradient, and the predicted class, from logits and i32 labels. */
  static RowProgram crossEntropy(long rows, long columns) {
    DType t = DType.F32;
    Expr.Builder sum = Expr.builder();
    int z = sum.unary(UnaryOp.EXP, sum.binary(BinaryOp.SUB, sum.input(0, t), sum.input(2, t)));
    Expr.Builder picked = Expr.builder();
    int hit = picked.binary(BinaryOp.EQ, picked.input(1, DType.I32), picked.add(new Expr.Index(1)));
    Expr.Builder e = Expr.builder();
    int ez = e.unary(UnaryOp.EXP, e.binary(BinaryOp.SUB, e.input(0, t), e.input(2, t)));
    int p = e.binary(BinaryOp.DIV, ez, e.input(3, t));
    int one = e.cast(e.binary(BinaryOp.EQ, e.input(1, DType.I32), e.add(new Expr.Index(1))), t);
    int loss = e.binary(BinaryOp.SUB,
        e.binary(BinaryOp.ADD, e.unary(UnaryOp.LOG, e.input(3, t)), e.input(2, t)), e.input(4, t));
    return new RowProgram(Dims.of(rows), columns,
        List.of(View.of(t, columns, 1), View.of(DType.I32, 1, 0)),
        List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(t)), stage(Combiner.SUM, sum, z),
            stage(Combiner.SUM, picked, picked.select(hit, picked.input(0, t), picked.constant(t, 0))),
            new RowProgram.Stage(Combiner.ARGMAX, Expr.identity(t))),
        e.build(List.of(loss, e.binary(BinaryOp.SUB, p, one), e.input(5, DType.I32))),
        List.of(View.of(t, 1, 0), View.of(t, columns, 1), View.of(DType.I32, 1, 0)));
  }

  /** The probabilities and the gradient of the scores: the third stage's sum is of multiples of the second's value. */
  @Test
  void softmaxWithItsGradient() {
    Random r = new Random(41);
    DType t = DType.F32;
    for (int[] shape : new int[][]{{5, 16}, {7, 207}, {3, 1024}, {1, 17}, {9, 1000}, {40, 9}}) {
      Expr.Builder sum = Expr.builder();
      int e = sum.unary(UnaryOp.EXP, sum.binary(BinaryOp.SUB, sum.input(0, t), sum.input(2, t)));
      Expr.Builder dot = Expr.builder();
      int product = dot.binary(BinaryOp.MUL, dot.input(1, t), probability(dot));
      Expr.Builder both = Expr.builder();
      int p = probability(both);
      int gradient = both.binary(BinaryOp.MUL, p, both.binary(BinaryOp.SUB, both.input(1, t), both.input(4, t)));
      View v = View.of(t, shape[1], 1);
      RowProgram spec = new RowProgram(Dims.of(shape[0]), shape[1], List.of(v, v),
          List.of(new RowProgram.Stage(Combiner.MAX, Expr.identity(t)), stage(Combiner.SUM, sum, e),
              stage(Combiner.SUM, dot, product)),
          both.build(List.of(p, gradient)), List.of(v, v));
      check(spec, r);
      assertEquals(!(shape[0] > shape[1]), RowKernel.of(spec).variant().contains("3 passes, 1 kept"));
    }
  }

  private static int probability(Expr.Builder b) {
    int e = b.unary(UnaryOp.EXP, b.binary(BinaryOp.SUB, b.input(0, DType.F32), b.input(2, DType.F32)));
    return b.binary(BinaryOp.DIV, e, b.input(3, DType.F32));
  }

  @Test
  void softmaxOfManyShapes() {
    Random r = new Random(31);
    for (int[] shape : new int[][]{{5, 3}, {64, 10}, {7, 207}, {1, 9000}, {33, 1}, {200, 31}, {3, 0}, {0, 3}}) {
      Dims rows = Dims.of(shape[0]);
      View dense = View.of(DType.F32, shape[1], 1);
      check(softmax(DType.F32, rows, shape[1], dense, dense), r);
      View apart = View.of(DType.F32, 1, Math.max(1, shape[0]));
      check(softmax(DType.F32, rows, shape[1], apart, apart), r);
      check(softmax(DType.F32, rows, shape[1], dense, apart), r);
      check(softmax(DType.F64, rows, shape[1], View.of(DType.F64, shape[1], 1), View.of(DType.F64, shape[1], 1)), r);
    }
  }

  @Test
  void softmaxOverChannelsAndCausalMask() {
    Random r = new Random(32);
    // [batch, channels, pixels] over channels, then a row cut by a guard.
    Dims rows = Dims.of(3, 50);
    View v = View.of(DType.F32, 7 * 50, 1, 50);
    check(softmax(DType.F32, rows, 7, v, v), r);
    for (int columns : new int[]{13, 70}) {
      View cut = new View(DType.F32, 0, Dims.of(columns, 1),
          new View.Guard(Dims.of(2, 3), Dims.of(37, columns - 2), -1.5));
      check(softmax(DType.F32, Dims.of(40), columns, cut, View.of(DType.F32, columns, 1)), r);
    }
  }

  @Test
  void crossEntropyWithLossGradientAndPrediction() {
    Random r = new Random(33);
    for (int[] shape : new int[][]{{64, 10}, {5, 10}, {9, 207}, {100, 33}}) {
      check(crossEntropy(shape[0], shape[1]), r);
    }
  }

  @Test
  void layerNormWithScaleAndShift() {
    Random r = new Random(34);
    DType t = DType.F32;
    for (int[] shape : new int[][]{{6, 130}, {70, 5}, {3, 5000}}) {
      double n = shape[1];
      Expr.Builder square = Expr.builder();
      int mean = square.binary(BinaryOp.MUL, square.input(3, t), square.constant(t, 1 / n));
      int centred = square.binary(BinaryOp.SUB, square.input(0, t), mean);
      Expr.Builder e = Expr.builder();
      int m = e.binary(BinaryOp.MUL, e.input(3, t), e.constant(t, 1 / n));
      int variance = e.binary(BinaryOp.MUL, e.input(4, t), e.constant(t, 1 / n));
      int inverse = e.unary(UnaryOp.RSQRT, e.binary(BinaryOp.ADD, variance, e.constant(t, 1e-5)));
      int scaled = e.binary(BinaryOp.MUL, e.binary(BinaryOp.SUB, e.input(0, t), m), inverse);
      int result = e.binary(BinaryOp.ADD, e.binary(BinaryOp.MUL, scaled, e.input(1, t)), e.input(2, t));
      check(new RowProgram(Dims.of(shape[0]), shape[1],
          List.of(View.of(t, shape[1], 1), View.of(t, 0, 1), View.of(t, 0, 1)),
          List.of(new RowProgram.Stage(Combiner.SUM, Expr.identity(t)),
              stage(Combiner.SUM, square, square.binary(BinaryOp.MUL, centred, centred))),
          e.build(List.of(result, m, inverse)),
          List.of(View.of(t, shape[1], 1), View.of(t, 1, 0), View.of(t, 1, 0))), r);
    }
  }

  @Test
  void inPlace() {
    Random r = new Random(35);
    for (int columns : new int[]{10, 100}) {
      View dense = View.of(DType.F32, columns, 1);
      RowProgram spec = softmax(DType.F32, Dims.of(50), columns, dense, dense);
      try (Arena arena = Arena.ofShared()) {
        long a = MapKernelTest.allocate(arena, DType.F32, 50L * columns, r);
        long b = MapKernelTest.allocate(arena, DType.F32, 50L * columns, null);
        for (int i = 0; i < 50 * columns; i++) {
          Memory.putFloat(a + 4L * i, (float) r.nextGaussian());
        }
        TestRun.run(RowKernel.of(spec), new long[]{a, b}, 1);
        TestRun.run(RowKernel.of(spec), new long[]{a, a}, 2);
        for (int i = 0; i < 50 * columns; i++) {
          assertEquals(Memory.getFloat(b + 4L * i), Memory.getFloat(a + 4L * i));
        }
      }
    }
  }

  @Test
  void randomPrograms() {
    Random r = new Random(36);
    for (int round = 0; round < 150; round++) {
      int rank = r.nextInt(3);
      long[] dims = new long[rank];
      for (int d = 0; d < rank; d++) {
        dims[d] = 1 + r.nextInt(20);
      }
      Dims rows = Dims.of(dims);
      long columns = r.nextBoolean() ? 1 + r.nextInt(40) : 100 + r.nextInt(60);
      Dims space = rows.insert(rank, columns);
      DType t = r.nextInt(4) == 0 ? DType.F64 : DType.F32;
      Expr.Builder first = Expr.builder();
      int product = first.binary(BinaryOp.MUL, first.input(0, t), first.input(1, t));
      Expr.Builder second = Expr.builder();
      int tanh = second.unary(UnaryOp.TANH, second.binary(BinaryOp.SUB, second.input(1, t), second.input(2, t)));
      Expr.Builder e = Expr.builder();
      int again = e.unary(UnaryOp.TANH, e.binary(BinaryOp.SUB, e.input(1, t), e.input(2, t)));
      int index = e.cast(e.add(new Expr.Index(r.nextInt(rank + 1))), t);
      int result = e.binary(BinaryOp.ADD, e.binary(BinaryOp.MUL, again, index), e.input(3, t));
      Combiner[] c = {Combiner.MAX, Combiner.MIN};
      List<View> out = new ArrayList<>();
      out.add(MapKernelTest.randomView(r, t, space, true, false));
      check(new RowProgram(rows, columns,
          List.of(MapKernelTest.randomView(r, t, space, false, r.nextInt(3) == 0),
              MapKernelTest.randomView(r, t, space, false, r.nextInt(3) == 0)),
          List.of(stage(c[r.nextInt(2)], first, product), stage(Combiner.SUM, second, tanh)),
          e.build(List.of(result)), out), r);
    }
  }
}
