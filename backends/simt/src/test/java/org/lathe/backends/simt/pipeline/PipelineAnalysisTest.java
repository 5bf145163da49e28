package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** The figures are worked out by hand from the table of latencies. */
class PipelineAnalysisTest {
  private static final int N = 1000;

  private final KernelBuilder k = new KernelBuilder("test");
  private final Parameter.Global in = k.global("in", DType.F32, N, Access.READ, false);
  private final Parameter.Global out = k.global("out", DType.F32, N, Access.READ_WRITE, false);

  private KernelPipeline analyse() {
    Launch launch = new Launch(
        k.build(1, 1, 1), Dims.of(1, 1, 1), List.of(new Argument.Input(0), new Argument.Output(0)));
    return PipelineAnalysis.of(launch);
  }

  private static Value plus(Value a, Value b) {
    return Values.binary(org.lathe.hal.expr.BinaryOp.ADD, a, b);
  }

  @Test
  void aStreamStartsAnIterationEachCycle() {
    k.loop("i", N, i -> k.store(out, i, Values.load(in, i)));
    KernelPipeline p = analyse();
    LoopPipeline loop = p.loops().getFirst();
    assertEquals(1, loop.interval());
    assertEquals(N, loop.trips().most());
    assertEquals(4.0 * N, p.bytesRead());
    assertEquals(4.0 * N, p.bytesWritten());
    assertEquals(loop.latency() + N - 1, p.cycles());
    assertEquals(0, p.onChipBytes());
  }

  @Test
  void aSumInOneVariableWaitsForTheAddition() {
    Variable sum = k.variable("sum", Values.constant(0f));
    k.loop("i", N, i -> k.assign(sum, plus(Values.read(sum), Values.load(in, i))));
    k.store(out, Values.index(0), Values.read(sum));
    LoopPipeline loop = analyse().loops().getFirst();
    assertEquals(Latencies.F32_ADD, loop.interval());
    assertTrue(loop.reason().startsWith("sum waits 8 cycles for the iteration before"), loop.reason());
  }

  /** The value that is added to is {@code length} iterations old. */
  @Test
  void aShiftRegisterHidesTheAddition() {
    for (int length : new int[]{1, 3, 4, 7, 8, 9, 16}) {
      KernelBuilder b = new KernelBuilder("shift");
      Parameter.Global from = b.global("in", DType.F32, N, Access.READ, false);
      Parameter.Global to = b.global("out", DType.F32, N, Access.WRITE, false);
      Memory.Private parts = b.array("parts", DType.F32, length);
      b.loop("c", Values.index(0), Values.index(length), 1, Statement.For.FULLY,
          c -> b.store(parts, c, Values.constant(0f)));
      b.loop("i", N, i -> {
        Value next = b.let("next", plus(Values.load(parts, Values.index(length - 1)), Values.load(from, i)));
        b.loop("s", Values.index(0), Values.index(length - 1), 1, Statement.For.FULLY, s -> b.store(
            parts, Values.sub(Values.index(length - 1), s),
            Values.load(parts, Values.sub(Values.index(length - 2), s))));
        b.store(parts, Values.index(0), next);
      });
      b.store(to, Values.index(0), Values.load(parts, Values.index(0)));
      KernelPipeline p = PipelineAnalysis.of(new Launch(
          b.build(1, 1, 1), Dims.of(1, 1, 1), List.of(new Argument.Input(0), new Argument.Output(0))));
      LoopPipeline loop = p.loops().getFirst();
      assertEquals(Math.ceilDiv(Latencies.F32_ADD, length), loop.interval(), "length " + length);
      assertEquals(4L * length, p.registerBytes());
      assertEquals(0, p.onChipBytes());
      assertTrue(loop.reason().contains("parts"), loop.reason());
    }
  }

  /** A sum of each place of an on-chip row: the same place comes again after a whole row. */
  @Test
  void aRowOfSumsHidesTheAdditionIfItIsLongEnough() {
    for (int row : new int[]{2, 5, 11, 12, 40}) {
      KernelBuilder b = new KernelBuilder("rows");
      Parameter.Global from = b.global("in", DType.F32, 20 * row, Access.READ, false);
      Memory.Local sums = b.local("sums", DType.F32, row);
      b.loop("k", 20, n -> b.loop("j", row, j -> b.store(
          sums, j, plus(Values.load(sums, j), Values.load(from, Values.add(Values.mul(n, row), j))))));
      KernelPipeline p = PipelineAnalysis
          .of(new Launch(b.build(1, 1, 1), Dims.of(1, 1, 1), List.of(new Argument.Input(0))));
      LoopPipeline loop = p.loops().getFirst();
      assertEquals("k j", loop.counters());
      // store 1, load 2, add 8
      assertEquals(Math.ceilDiv(11, row), loop.interval(), "row " + row);
      assertEquals(4L * row, p.onChipBytes());
      assertEquals(Set.of(), p.independent(), "sums come back");
    }
  }

  @Test
  void aStoreThatNoLaterLoadMeetsIsIndependent() {
    k.loop("i", N / 2, i -> k.store(out, Values.mul(i, 2), Values.load(out, Values.add(Values.mul(i, 2), 1))));
    KernelPipeline p = analyse();
    assertEquals(Set.of("i"), p.independent());
    assertEquals(1, p.loops().getFirst().interval());
  }

  @Test
  void aStoreThatALaterLoadMeetsWaitsForGlobalMemory() {
    k.loop("i", Values.index(3), Values.index(N), 1, i -> k.store(out, i, Values.load(out, Values.sub(i, 3))));
    KernelPipeline p = analyse();
    assertEquals(Set.of(), p.independent());
    // 160 cycles for the third iteration before
    assertEquals(Math.ceil(160 / 3.0), p.loops().getFirst().interval());
  }

  @Test
  void anUnknownPlaceIsTakenForTheSame() {
    Parameter.Global places = k.global("places", DType.I32, N, Access.READ, false);
    k.loop("i", N, i -> k.store(
        out, Values.load(places, i), plus(Values.load(out, Values.load(places, i)), Values.constant(1f))));
    KernelPipeline p = PipelineAnalysis.of(new Launch(
        k.build(1, 1, 1), Dims.of(1, 1, 1),
        List.of(new Argument.Input(0), new Argument.Output(0), new Argument.Input(1))));
    assertEquals(160 + Latencies.F32_ADD, p.loops().getFirst().interval());
  }

  @Test
  void stridesCostRequests() {
    k.loop("i", 10, i -> k.store(
        out, i,
        IntStream.range(0, 5).mapToObj(n -> Values.load(in, Values.add(Values.mul(i, 100), 20 * n)))
            .reduce(PipelineAnalysisTest::plus).orElseThrow()));
    LoopPipeline loop = analyse().loops().getFirst();
    assertEquals(6, loop.interval(), "five rows and the share of a stream");
    assertTrue(loop.reason().startsWith("global memory"), loop.reason());
  }

  @Test
  void aTriangleRunsHalfOfItsSquare() {
    k.loop("i", 100, i -> {
      Variable sum = k.variable("sum", Values.load(in, i));
      k.loop("j", Values.index(0), Values.add(i, 1), 1, j -> k.assign(sum, plus(Values.read(sum), Values.load(in, j))));
      k.store(out, i, Values.read(sum));
    });
    KernelPipeline p = analyse();
    LoopPipeline outer = p.loops().get(0);
    LoopPipeline inner = p.loops().get(1);
    assertEquals(LoopPipeline.Kind.IN_TURN, outer.kind());
    assertEquals(new Trips(1, 100, 50.5, true), inner.trips());
    assertEquals(100, inner.entries());
    assertEquals(4.0 * (100 + 100 * 50.5), p.bytesRead());
  }

  @Test
  void boundsThatDependOnDataSaySo() {
    Parameter.Global ends = k.global("ends", DType.I32, 1, Access.READ, false);
    Value end = k.let("end", Values.load(ends, Values.index(0)));
    k.loop("i", Values.index(0), end, 1, i -> k.store(out, i, Values.load(in, i)));
    KernelPipeline p = PipelineAnalysis.of(new Launch(
        k.build(1, 1, 1), Dims.of(1, 1, 1),
        List.of(new Argument.Input(0), new Argument.Output(0), new Argument.Input(1))));
    assertEquals("depends on data", p.loops().getFirst().trips().toString());
    assertTrue(PipelineText.print(p).contains("depends on data iterations"), PipelineText.print(p));
  }

  @Test
  void unrolledCopiesShareTheirBandwidth() {
    k.loop("i", Values.index(0), Values.index(960), 1, 32, i -> k.store(out, i, Values.load(in, i)));
    KernelPipeline p = analyse();
    LoopPipeline loop = p.loops().getFirst();
    assertEquals(30, loop.trips().most());
    // 128 bytes in and 128 out, of 64 a cycle
    assertEquals(4, loop.interval());
    assertEquals(960 * 4.0, p.bytesRead());
  }

  @Test
  void aConditionIsPartOfWhatIsCarried() {
    Variable best = k.variable("best", Values.constant(0f));
    k.loop("i", N, i -> {
      Value x = k.let("x", Values.load(in, i));
      k.when(Values.binary(org.lathe.hal.expr.BinaryOp.GT, x, Values.read(best)), () -> k.assign(best, x));
    });
    k.store(out, Values.index(0), Values.read(best));
    assertEquals(3, analyse().loops().getFirst().interval(), "a comparison and a choice");
  }

  @Test
  void aRangeOfWorkItemsIsNoPipeline() {
    k.store(out, Values.globalId(0), Values.constant(1f));
    Launch launch = new Launch(
        k.build(1, 1, 1), Dims.of(5, 1, 1), List.of(new Argument.Input(0), new Argument.Output(0)));
    assertThrows(IllegalArgumentException.class, () -> PipelineAnalysis.of(launch));
    KernelPipeline p = PipelineAnalysis.of(SingleItem.of(launch));
    assertEquals(5, p.loops().getFirst().trips().most());
  }
}
