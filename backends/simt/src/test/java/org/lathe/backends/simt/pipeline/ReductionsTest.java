package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;

/** Sums in shift registers: as without, but for the order of additions, and an addition each cycle. */
class ReductionsTest {
  private static final int ROUNDS = 400;
  private static final int[] TRIPS = {0, 1, 2, 3, 7, 8, 13, 15, 16, 17, 31, 33, 64, 65, 100, 207};
  private static final List<BinaryOp> OPS = List.of(BinaryOp.ADD, BinaryOp.MUL, BinaryOp.MAX, BinaryOp.MIN);

  private static Value op(BinaryOp op, Value a, Value b) {
    return Values.binary(op, a, b);
  }

  /** What one random kernel sums up: the launch, how many elements it reads, and how far apart two orders may be. */
  private record Case(Launch launch, DType dtype, int elements, BinaryOp op) {}

  /** Of each of three rows one result: the first value and all terms, from a part of the row or through indices. */
  private static Case random(SplittableRandom random) {
    DType dtype = random.nextInt(4) == 0 ? DType.F64 : DType.F32;
    BinaryOp op = OPS.get(random.nextInt(OPS.size()));
    int trips = TRIPS[random.nextInt(TRIPS.length)];
    int step = random.nextInt(1, 4);
    int from = random.nextInt(3);
    int row = from + trips * step + 1;
    int stride = random.nextInt(3) == 0 ? 5 : 1;
    int elements = 3 * row * stride;
    boolean known = random.nextBoolean();
    int form = random.nextInt(6);
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global in = k.global("in", dtype, elements, Access.READ, false);
    Parameter.Global places = k.global("places", DType.I32, elements, Access.READ, false);
    Parameter.Scalar length = k.scalar("length", DType.I32);
    Parameter.Global out = k.global("out", dtype, 6, Access.WRITE, false);
    long end = from + (long) trips * step;
    Value to = known ? Values.index(end) : Values.argument(length);
    k.loop("r", 3, r -> {
      Value base = k.let("base", Values.mul(r, (long) row * stride));
      Variable sum = k.variable("sum", Values.load(in, base));
      Variable other = k.variable("other", Values.constant(dtype, 0.25));
      k.loop("i", Values.index(from), to, step, i -> {
        Value at = k.let("at", Values.add(base, Values.mul(i, stride)));
        Value x = form == 1 ? Values.load(in, Values.load(places, at)) : Values.load(in, at);
        switch (form) {
          case 2 -> k.when(
              op(BinaryOp.GT, x, Values.constant(dtype, 1)), () -> k.assign(sum, op(op, Values.read(sum), x)),
              () -> k.assign(sum, op(op, x, Values.read(sum))));
          case 3 -> {
            k.assign(sum, op(op, Values.read(sum), x));
            k.assign(other, op(BinaryOp.MAX, Values.read(other), op(BinaryOp.MUL, x, x)));
          }
          case 4 -> k.assign(
              sum,
              op == BinaryOp.ADD
                  ? Values.mad(x, Values.load(in, base), Values.read(sum))
                  : op(op, x, Values.read(sum)));
          case 5 -> {
            Value y = k.let("y", op(BinaryOp.SUB, x, Values.constant(dtype, 0.125)));
            k.loop("u", Values.index(0), Values.index(2), 1, Statement.For.FULLY,
                u -> k.assign(sum, op(op, Values.read(sum), y)));
          }
          default -> k.assign(sum, op(op, Values.read(sum), x));
        }
      });
      k.store(out, Values.mul(r, 2), Values.read(sum));
      k.store(out, Values.add(Values.mul(r, 2), 1), Values.read(other));
    });
    Kernel kernel = k.build(1, 1, 1);
    return new Case(new Launch(kernel, Dims.of(1, 1, 1), Runs.arguments(kernel.parameters(), end)), dtype, elements,
        op);
  }

  private static double tolerance(Case c) {
    double each = c.dtype() == DType.F64 ? 0x1p-52 : 0x1p-23;
    // Terms are between 0.9 and 1.1: n of them sum to about n, and multiply to at most 1.1^n.
    return switch (c.op()) {
      case ADD -> 500 * each;
      case MUL -> 1000 * each;
      default -> 0;
    };
  }

  @Test
  void randomSumsGiveTheSameValues() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    int changed = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Case c = random(random);
      Launch after = Reductions.of(c.launch());
      changed += after == c.launch() ? 0 : 1;
      double[] terms = Runs.random(random, c.elements(), 0.9, 1.1);
      double[] places = new double[c.elements()];
      for (int i = 0; i < places.length; i++) {
        places[i] = random.nextInt(places.length);
      }
      List<byte[]> inputs = List.of(Runs.bytes(c.dtype(), terms), Runs.bytes(DType.I32, places));
      List<Integer> outputs = List.of(6 * c.dtype().bytes());
      double[] expected = Runs.values(c.dtype(), Runs.run(c.launch(), inputs, outputs).getFirst());
      double[] found = Runs.values(c.dtype(), Runs.run(after, inputs, outputs).getFirst());
      for (int i = 0; i < 6; i++) {
        double allowed = i % 2 == 1 ? 0 : tolerance(c) * Math.abs(expected[i]);
        assertEquals(
            expected[i], found[i], allowed,
            "seed " + seed + ", round " + round + ": " + c.launch().kernel() + "\n" + after.kernel());
      }
    }
    assertTrue(changed > ROUNDS / 2, changed + " of " + ROUNDS + " kernels changed, seed " + seed);
  }

  /** NaN, infinities and zeros of either sign go the way they went before, wherever they stand. */
  @Test
  void specialValuesStaySpecial() {
    double[] special = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0.0, -0.0};
    for (BinaryOp op : OPS) {
      for (double value : special) {
        for (int place : new int[]{0, 1, 7, 8, 31, 32}) {
          KernelBuilder k = new KernelBuilder("test");
          Parameter.Global in = k.global("in", DType.F32, 33, Access.READ, false);
          Parameter.Global out = k.global("out", DType.F32, 1, Access.WRITE, false);
          Variable sum = k.variable("sum", Values.load(in, Values.index(0)));
          k.loop("i", Values.index(1), Values.index(33), 1,
              i -> k.assign(sum, op(op, Values.read(sum), Values.load(in, i))));
          k.store(out, Values.index(0), Values.read(sum));
          Kernel kernel = k.build(1, 1, 1);
          Launch before = new Launch(kernel, Dims.of(1, 1, 1), Runs.arguments(kernel.parameters()));
          double[] terms = new double[33];
          for (int i = 0; i < terms.length; i++) {
            terms[i] = i == place ? value : 1;
          }
          List<byte[]> inputs = List.of(Runs.bytes(DType.F32, terms));
          double expected = Runs.values(DType.F32, Runs.run(before, inputs, List.of(4)).getFirst())[0];
          double found = Runs.values(DType.F32, Runs.run(Reductions.of(before), inputs, List.of(4)).getFirst())[0];
          assertEquals(expected, found, 0.0, op + " with " + value + " at " + place);
        }
      }
    }
  }

  private static Launch sum(DType dtype, BinaryOp op, int trips, int stride) {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global in = k.global("in", dtype, (long) trips * stride, Access.READ, false);
    Parameter.Global out = k.global("out", dtype, 1, Access.WRITE, false);
    Variable sum = k.variable("sum", Values.constant(dtype, 1));
    k.loop("i", trips, i -> k.assign(sum, op(op, Values.read(sum), Values.load(in, Values.mul(i, stride)))));
    k.store(out, Values.index(0), Values.read(sum));
    Kernel kernel = k.build(1, 1, 1);
    return new Launch(kernel, Dims.of(1, 1, 1), Runs.arguments(kernel.parameters()));
  }

  /**
   * By hand: up to 16 terms are unrolled and leave no loop; above, as many terms go into one iteration as leave 8 of them, at
   * most 8, a power of two, unless they are far apart. The shift register has 8 places in f32, 16 in f64, 2 for a maximum.
   */
  @ParameterizedTest
  @CsvSource({
      "F32, ADD, 17, 1, 9, 8", "F32, ADD, 31, 1, 16, 8", "F32, ADD, 32, 1, 8, 8", "F32, ADD, 63, 1, 16, 8",
      "F32, ADD, 64, 1, 8, 8", "F32, ADD, 96, 1, 12, 8", "F32, ADD, 100, 1, 13, 8", "F32, MUL, 207, 1, 26, 8",
      "F32, ADD, 96, 3, 96, 8", "F64, ADD, 96, 1, 12, 16", "F64, ADD, 96, 3, 96, 16", "F32, MAX, 96, 1, 12, 2",
      "F32, MIN, 96, 5, 96, 2"})
  void theReportCountsIterationsAndRegisters(
      DType dtype, BinaryOp op, int terms, int stride, long iterations, long parts) {
    Launch before = sum(dtype, op, terms, stride);
    KernelPipeline slow = PipelineAnalysis.of(before);
    assertEquals(Trips.of(terms), slow.loops().getFirst().trips());
    assertTrue(slow.loops().getFirst().interval() > 1, PipelineText.print(slow));
    KernelPipeline p = PipelineAnalysis.of(Reductions.of(before));
    List<LoopPipeline> pipelined = p.loops().stream().filter(l -> l.kind() == LoopPipeline.Kind.PIPELINED).toList();
    assertEquals(1, pipelined.size(), PipelineText.print(p));
    assertEquals(Trips.of(iterations), pipelined.getFirst().trips(), PipelineText.print(p));
    assertEquals(1, pipelined.getFirst().interval(), PipelineText.print(p));
    assertEquals(parts * dtype.bytes(), p.registerBytes());
    assertEquals(0, p.onChipBytes());
    if (terms % iterations == 0) {
      assertEquals((double) terms * dtype.bytes(), p.bytesRead());
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 1", "3, 5", "13, 1", "16, 3"})
  void shortSumsAreUnrolled(int terms, int stride) {
    Launch after = Reductions.of(sum(DType.F32, BinaryOp.ADD, terms, stride));
    KernelPipeline p = PipelineAnalysis.of(after);
    assertTrue(p.loops().stream().allMatch(l -> l.kind() == LoopPipeline.Kind.UNROLLED), PipelineText.print(p));
    assertEquals(terms, p.loops().getFirst().trips().most());
    assertEquals(4.0 * terms, p.bytesRead());
  }

  private static Launch launch(BiConsumer<KernelBuilder, Parameter.Global> body) {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global memory = k.global("memory", DType.F32, 100, Access.READ_WRITE, false);
    body.accept(k, memory);
    Kernel kernel = k.build(1, 1, 1);
    return new Launch(kernel, Dims.of(1, 1, 1), Runs.arguments(kernel.parameters()));
  }

  /** A prefix sum, a recurrence that is no sum, two operations on one variable, and sums of integers. */
  @Test
  void whatIsNoSumStaysAsItIs() {
    Launch prefix = launch((k, m) -> {
      Variable sum = k.variable("sum", Values.constant(0f));
      k.loop("i", 50, i -> {
        k.assign(sum, op(BinaryOp.ADD, Values.read(sum), Values.load(m, i)));
        k.store(m, i, Values.read(sum));
      });
    });
    Launch decay = launch((k, m) -> {
      Variable sum = k.variable("sum", Values.constant(0f));
      k.loop("i", 50, i -> k.assign(
          sum, op(BinaryOp.ADD, op(BinaryOp.MUL, Values.read(sum), Values.constant(0.5f)), Values.load(m, i))));
      k.store(m, Values.index(0), Values.read(sum));
    });
    Launch both = launch((k, m) -> {
      Variable sum = k.variable("sum", Values.constant(0f));
      k.loop("i", 50, i -> {
        k.assign(sum, op(BinaryOp.ADD, Values.read(sum), Values.load(m, i)));
        k.assign(sum, op(BinaryOp.MUL, Values.read(sum), Values.load(m, i)));
      });
      k.store(m, Values.index(0), Values.read(sum));
    });
    Launch difference = launch((k, m) -> {
      Variable sum = k.variable("sum", Values.constant(0f));
      k.loop("i", 50, i -> k.assign(sum, op(BinaryOp.SUB, Values.load(m, i), Values.read(sum))));
      k.store(m, Values.index(0), Values.read(sum));
    });
    Launch whole = launch((k, m) -> {
      Variable sum = k.variable("sum", Values.index(0));
      k.loop("i", 50, i -> k.assign(sum, Values.add(Values.read(sum), i)));
      k.store(m, Values.index(0), Values.cast(Values.read(sum), DType.F32));
    });
    for (Launch l : List.of(prefix, decay, both, difference, whole)) {
      assertSame(l, Reductions.of(l), l.kernel().toString());
    }
  }

  /** Rows of 40, of 3 rows: the inner loop gets the register, three times; the outer one runs it in turn. */
  @Test
  void sumsOfRowsBeginAnewInEachRow() {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global in = k.global("in", DType.F32, 120, Access.READ, false);
    Parameter.Global out = k.global("out", DType.F32, 3, Access.WRITE, false);
    k.loop("r", 3, r -> {
      Variable sum = k.variable("sum", Values.constant(0f));
      k.loop("i", 40, i -> k.assign(
          sum, op(BinaryOp.ADD, Values.read(sum), Values.load(in, Values.add(Values.mul(r, 40), i)))));
      k.store(out, r, Values.read(sum));
    });
    Kernel kernel = k.build(1, 1, 1);
    Launch before = new Launch(kernel, Dims.of(1, 1, 1), Runs.arguments(kernel.parameters()));
    Launch after = Reductions.of(before);
    assertNotSame(before, after);
    double[] ones = new double[120];
    Arrays.fill(ones, 1);
    double[] found = Runs.values(DType.F32,
        Runs.run(after, List.of(Runs.bytes(DType.F32, ones)), List.of(12)).getFirst());
    assertEquals(List.of(40.0, 40.0, 40.0), Arrays.stream(found).boxed().toList());
    KernelPipeline p = PipelineAnalysis.of(after);
    LoopPipeline inner = p.loops().stream().filter(l -> l.kind() == LoopPipeline.Kind.PIPELINED).findFirst()
        .orElseThrow();
    assertEquals(3, inner.entries());
    // 40 terms, four in an iteration, so that at least eight are left.
    assertEquals(Trips.of(10), inner.trips());
    assertEquals(4.0 * 120, p.bytesRead());
  }
}
