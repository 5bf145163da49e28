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
import org.lathe.hal.spec.Reduce;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;

class ReduceKernelTest {
  @BeforeAll
  static void useVectorForms() {
    LoopCompiler.eager = true;
  }

  private static final DType[] TYPES = {DType.F32, DType.F32, DType.F32, DType.F64, DType.I32, DType.I64, DType.U8,
      DType.F16, DType.BF16, DType.BOOL};

  static void check(Reduce spec, Random r) {
    boolean sums = spec.combiners().contains(Combiner.SUM) || spec.combiners().contains(Combiner.PRODUCT);
    List<Elements> in = sums ? Samples.inputs(spec, r) : MapKernelTest.random(spec.inputs(), r);
    KernelCheck.near(ReduceKernel.of(spec), spec, in);
  }

  private static Reduce random(Random r) {
    int[] sizes = {1, 2, 3, 5, 17, 33, 40, 70};
    long[] kept = new long[r.nextInt(3)];
    long[] reduced = new long[r.nextInt(3)];
    long points = 1;
    for (int d = 0; d < kept.length + reduced.length; d++) {
      long size = points > 4000 ? 1 + r.nextInt(2) : r.nextInt(40) == 0 ? 0 : sizes[r.nextInt(sizes.length)];
      points *= size;
      if (d < kept.length) {
        kept[d] = size;
      } else {
        reduced[d - kept.length] = size;
      }
    }
    Dims keptDims = Dims.of(kept);
    Dims reducedDims = Dims.of(reduced);
    Dims space = keptDims.append(reducedDims);
    DType t = TYPES[r.nextInt(TYPES.length)];
    Expr.Builder b = Expr.builder();
    int x = b.input(0, t);
    int y = r.nextBoolean() && t != DType.BOOL ? b.binary(BinaryOp.MUL, x, b.input(1, t)) : x;
    if (r.nextInt(3) == 0 && space.rank() > 0 && t != DType.BOOL) {
      y = b.binary(BinaryOp.ADD, y, b.cast(b.add(new Expr.Index(r.nextInt(space.rank()))), t));
    }
    List<Integer> results = new ArrayList<>();
    List<Combiner> combiners = new ArrayList<>();
    int count = 1 + r.nextInt(2);
    for (int j = 0; j < count; j++) {
      results.add(j == 0 ? y : x);
      Combiner[] all = Combiner.values();
      Combiner c = all[r.nextInt(all.length)];
      combiners.add((c == Combiner.SUM || c == Combiner.PRODUCT) && t == DType.BOOL
          || c == Combiner.PRODUCT && points > 60 ? Combiner.MAX : c);
    }
    Expr producer = b.build(results);
    List<View> in = new ArrayList<>();
    for (int i = 0; i < producer.inputCount(); i++) {
      in.add(MapKernelTest.randomView(r, t, space, false, r.nextInt(4) == 0));
    }
    Expr.Builder e = Expr.builder();
    List<Integer> stored = new ArrayList<>();
    List<View> out = new ArrayList<>();
    List<View> extra = new ArrayList<>();
    for (int j = 0; j < count; j++) {
      DType c = combiners.get(j).resultType(t.compute());
      int value = e.input(j, c);
      if (j == 0 && c == DType.F32) {
        value = e.binary(BinaryOp.ADD, value, e.input(count, c));
        extra.add(MapKernelTest.randomView(r, c, keptDims, false, false));
      }
      stored.add(value);
      out.add(MapKernelTest.randomView(r, c, keptDims, true, false));
    }
    return new Reduce(keptDims, reducedDims, in, producer, combiners, extra, e.build(stored), out);
  }

  @Test
  void randomReductions() {
    Random r = new Random(21);
    for (int round = 0; round < 400; round++) {
      check(random(r), r);
    }
  }

  private static Reduce sum(DType t, Dims kept, Dims reduced, View in, Combiner combiner) {
    DType c = combiner.resultType(t.compute());
    return new Reduce(kept, reduced, List.of(in), Expr.identity(t), List.of(combiner), List.of(), Expr.identity(c),
        List.of(View.dense(c, kept)));
  }

  @Test
  void longReductionsToOneResult() {
    Random r = new Random(22);
    for (Combiner c : List.of(Combiner.SUM, Combiner.MAX, Combiner.ARGMIN)) {
      check(sum(DType.F32, Dims.of(), Dims.of(200_003), View.of(DType.F32, 1), c), r);
      check(sum(DType.I32, Dims.of(), Dims.of(200_003), View.of(DType.I32, -1).strides().get(0) < 0
          ? new View(DType.I32, 200_002, Dims.of(-1), null)
          : View.of(DType.I32, 1), c), r);
    }
  }

  @Test
  void columnsOfTallAndWideMatrices() {
    Random r = new Random(23);
    for (Combiner c : List.of(Combiner.SUM, Combiner.MIN, Combiner.ARGMAX)) {
      check(sum(DType.F32, Dims.of(70), Dims.of(2003), View.of(DType.F32, 1, 70), c), r);
      check(sum(DType.F32, Dims.of(2003), Dims.of(70), View.of(DType.F32, 1, 2003), c), r);
      check(sum(DType.F64, Dims.of(33), Dims.of(40, 50), View.of(DType.F64, 50, 1650, 1), c), r);
    }
  }

  @Test
  void sumsStayAccurate() {
    // A million ones and tenths: a running f32 sum would be off in the third digit.
    int n = 1 << 20;
    try (Arena arena = Arena.ofShared()) {
      long in = arena.allocate(4L * n, 64).address();
      long out = arena.allocate(64, 64).address();
      double exact = 0;
      for (int i = 0; i < n; i++) {
        Memory.putFloat(in + 4L * i, 1.1f);
        exact += 1.1f;
      }
      TestRun.run(ReduceKernel.of(sum(DType.F32, Dims.of(), Dims.of(n), View.of(DType.F32, 1), Combiner.SUM)),
          new long[]{in, out}, 2);
      assertEquals(1, Memory.getFloat(out) / exact, 1e-6);
      TestRun.run(ReduceKernel.of(sum(DType.F32, Dims.of(4), Dims.of(n / 4), View.of(DType.F32, 1, 4), Combiner.SUM)),
          new long[]{in, out}, 2);
      assertEquals(1, Memory.getFloat(out) / (exact / 4), 3e-6);
    }
  }

  @Test
  void meanOfSquaresWithEpilogue() {
    Random r = new Random(24);
    Dims kept = Dims.of(13);
    Dims reduced = Dims.of(3, 7, 7);
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    Expr producer = b.build(List.of(x, b.binary(BinaryOp.MUL, x, x)));
    Expr.Builder e = Expr.builder();
    int n = e.constant(DType.F32, 1 / 147.0);
    int mean = e.binary(BinaryOp.MUL, e.input(0, DType.F32), n);
    int square = e.binary(BinaryOp.MUL, e.input(1, DType.F32), n);
    Expr epilogue = e.build(List.of(mean, e.unary(UnaryOp.SQRT, square)));
    check(new Reduce(kept, reduced, List.of(View.of(DType.F32, 49, 13 * 49, 7, 1)), producer,
        List.of(Combiner.SUM, Combiner.SUM), List.of(), epilogue,
        List.of(View.of(DType.F32, 1), View.of(DType.F32, 1))), r);
  }
}
