package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.Contraction;
import org.lathe.hal.spec.Epilogue;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;

class ContractionKernelTest {
  /** A layout of {@code shape} with its last two dimensions perhaps swapped, some dimensions broadcast, and gaps. */
  private static View layout(Random random, DType type, Dims shape, boolean output) {
    int rank = shape.rank();
    boolean swap = random.nextBoolean();
    long[] strides = new long[rank];
    long step = output || random.nextInt(4) > 0 ? 1 : 2;
    long gap = random.nextInt(3) == 0 ? random.nextInt(4) : 0;
    int[] order = new int[rank];
    for (int d = 0; d < rank; d++) {
      order[d] = d;
    }
    if (swap) {
      order[rank - 1] = rank - 2;
      order[rank - 2] = rank - 1;
    }
    for (int d = rank - 1; d >= 0; d--) {
      strides[order[d]] = step;
      step = step * Math.max(1, shape.get(order[d])) + gap;
      if (!output && order[d] < rank - 2 && random.nextInt(3) == 0) {
        strides[order[d]] = 0;
      }
    }
    return new View(type, random.nextInt(3), Dims.of(strides), null);
  }

  private static void check(Contraction spec, long seed) {
    try (KernelRunner r = new KernelRunner(spec)) {
      r.randomInputs(new Random(seed));
      List<Elements> expected = r.expected();
      for (boolean vector : new boolean[]{true, false}) {
        Kernel kernel = ContractionKernel.of(spec, vector);
        r.run(kernel, 1);
        assertTrue(r.guardsIntact());
        r.check(spec + " " + kernel.variant(), expected);
        double[] alone = r.output();
        r.run(kernel, 2);
        assertArrayEquals(alone, r.output(), 0.0, "two workers, other bits: " + spec);
        r.run(kernel, 3);
        assertArrayEquals(alone, r.output(), 0.0, "three workers, other bits: " + spec);
      }
    }
  }

  private static Contraction dense(DType type, long m, long n, long k) {
    return new Contraction(
        Dims.of(), m, n, k, View.of(type, k, 1), View.of(type, n, 1),
        Epilogue.store(type.compute(), View.of(type, n, 1)));
  }

  @ParameterizedTest
  @CsvSource({
      "4,5,2", "1,1,1", "1,256,784", "64,120,400", "128,256,784", "13,17,207", "33,3,13", "7,97,300", "8,48,256",
      "9,49,257",
      "207,1,33", "1,1,1000", "3,64,0", "0,5,3", "5,0,3", "70,130,513", "16,10,84", "1030,20,5"
  })
  void denseShapes(long m, long n, long k) {
    check(dense(DType.F32, m, n, k), m * 31 + n);
  }

  @ParameterizedTest
  @EnumSource(value = DType.class, names = "BOOL", mode = EnumSource.Mode.EXCLUDE)
  void everyType(DType type) {
    check(dense(type, 19, 37, 41), 5);
    check(dense(type, 3, 5, 270), 6);
  }

  @Test
  void randomLayouts() {
    Random random = new Random(11);
    long[] sizes = {1, 2, 3, 5, 8, 13, 17, 33, 50};
    for (int i = 0; i < 120; i++) {
      long m = sizes[random.nextInt(sizes.length)];
      long n = sizes[random.nextInt(sizes.length)];
      long k = random.nextInt(5) == 0 ? 300 : sizes[random.nextInt(sizes.length)];
      Dims batch = Dims.of(random.ints(random.nextInt(3), 1, 4).asLongStream().toArray());
      DType type = random.nextInt(4) == 0 ? DType.F64 : DType.F32;
      View a = layout(random, type, batch.append(Dims.of(m, k)), false);
      View b = layout(random, type, batch.append(Dims.of(k, n)), false);
      View c = layout(random, type, batch.append(Dims.of(m, n)), true);
      check(new Contraction(batch, m, n, k, a, b, Epilogue.store(type, c)), i);
    }
  }

  @Test
  void batchesThatBecomeRows() {
    // [3, 4, 5, k] x [k, n]: one product of 60 rows, stored with a permuted batch
    View a = View.of(DType.F32, 140, 35, 7, 1);
    View b = View.of(DType.F32, 0, 0, 20, 1);
    check(
        new Contraction(Dims.of(3, 4), 5, 20, 7, a, b, Epilogue.store(DType.F32, View.of(DType.F32, 400, 100, 20, 1))),
        1);
    check(
        new Contraction(Dims.of(3, 4), 5, 20, 7, a, b, Epilogue.store(DType.F32, View.of(DType.F32, 100, 300, 20, 1))),
        2);
  }

  @Test
  void manySmallProducts() {
    View a = View.of(DType.F32, 12, 3, 1);
    View b = View.of(DType.F32, 15, 5, 1);
    check(new Contraction(Dims.of(500), 4, 5, 3, a, b, Epilogue.store(DType.F32, View.of(DType.F32, 20, 5, 1))), 3);
  }

  @ParameterizedTest
  @CsvSource({"4,5,2", "64,120,400", "50,70,90", "1,130,20", "37,1,300"})
  void epilogueWithBiasResidualAndIndex(long m, long n, long k) {
    Expr.Builder b = Expr.builder();
    int sum = b.binary(BinaryOp.ADD, b.input(0, DType.F32), b.input(1, DType.F32));
    int relu = b.binary(BinaryOp.MAX, sum, b.constant(DType.F32, 0));
    int residual = b.binary(BinaryOp.ADD, relu, b.input(2, DType.F32));
    int indexed = b.binary(BinaryOp.ADD, residual, b.cast(b.add(new Expr.Index(0)), DType.F32));
    Epilogue epilogue = new Epilogue(
        b.build(List.of(indexed, sum)),
        List.of(View.of(DType.F32, 0, 1), View.of(DType.F32, 1, m)),
        List.of(View.of(DType.F32, n, 1), View.of(DType.F32, 1, m)));
    Contraction spec = new Contraction(Dims.of(), m, n, k, View.of(DType.F32, k, 1), View.of(DType.F32, n, 1),
        epilogue);
    check(spec, 8);
  }

  @Test
  void notANumberReachesOnlyItsOwnRowAndColumn() {
    Contraction spec = dense(DType.F32, 20, 50, 30);
    try (KernelRunner r = new KernelRunner(spec)) {
      r.randomInputs(new Random(3));
      r.set(0, 7 * 30 + 4, Double.NaN);
      r.set(1, 9 * 50 + 49, Double.POSITIVE_INFINITY);
      r.run(ContractionKernel.of(spec), 1);
      for (int p = 0; p < 1000; p++) {
        assertEquals(p / 50 != 7 && p % 50 != 49, Double.isFinite(r.get(2, p)), "at " + p);
      }
    }
  }
}
