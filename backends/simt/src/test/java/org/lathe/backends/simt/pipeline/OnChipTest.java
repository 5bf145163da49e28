package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;

/** Workspaces on the chip: the same bytes, and as much memory on the chip as was counted by hand. */
class OnChipTest {
  private static Value plus(Value a, Value b) {
    return Values.binary(BinaryOp.ADD, a, b);
  }

  /** out = sums of each element and those of the workspaces, which are filled from the input, each in its own order. */
  private static Launch through(int n, int... workspaces) {
    KernelBuilder k = new KernelBuilder("through");
    Parameter.Global in = k.global("in", DType.F32, n, Access.READ, false);
    Parameter.Global out = k.global("out", DType.F32, n, Access.WRITE, false);
    List<Argument> arguments = new ArrayList<>(List.of(new Argument.Input(0), new Argument.Output(0)));
    List<Parameter.Global> spaces = new ArrayList<>();
    for (int w : workspaces) {
      spaces.add(k.global("space", DType.F32, n, Access.READ_WRITE, false));
      arguments.add(new Argument.Workspace(w));
    }
    for (int s = 0; s < spaces.size(); s++) {
      Parameter.Global space = spaces.get(s);
      float factor = s + 2;
      k.loop("i", n, i -> k.store(
          space, Values.sub(Values.index(n - 1), i),
          Values.binary(BinaryOp.MUL, Values.load(in, i), Values.constant(factor))));
    }
    k.loop("i", n, i -> {
      Value sum = Values.load(in, i);
      for (Parameter.Global space : spaces) {
        sum = plus(sum, Values.load(space, i));
      }
      k.store(out, i, sum);
    });
    return new Launch(k.build(1, 1, 1), Dims.of(1, 1, 1), arguments);
  }

  private static List<byte[]> run(KernelPlan plan, double[] values) {
    return Runs.run(plan, List.of(Runs.bytes(DType.F32, values)), List.of(4 * values.length));
  }

  @Test
  void randomPlansGiveTheSameBytes() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 60; round++) {
      int n = new int[]{1, 2, 3, 13, 17, 33, 64, 207}[random.nextInt(8)];
      int count = random.nextInt(1, 4);
      int[] numbers = new int[count];
      List<Long> bytes = new ArrayList<>();
      for (int w = 0; w < count; w++) {
        numbers[w] = w;
        bytes.add(4L * n);
      }
      KernelPlan plan = new KernelPlan("test", List.of(through(n, numbers)), bytes);
      long room = random.nextLong(4L * n * count + 8);
      KernelPlan moved = OnChip.of(plan, room);
      long fit = room / (4L * n);
      String what = "seed " + seed + ", round " + round + ": " + moved.kernels();
      assertEquals(Math.min(count, fit) * 4L * n, moved.kernels().iterator().next().localBytes(), what);
      assertEquals(
          Math.max(0, count - fit) * 4L * n, moved.workspaces().stream().mapToLong(Long::longValue).sum(), what);
      double[] values = Runs.random(random, n, -1, 1);
      assertArrayEquals(run(plan, values).getFirst(), run(moved, values).getFirst(), what);
    }
  }

  /**
   * By hand, for 33 elements: two loops of 33; of global memory 33 floats are read in each, and 33 written; 132 bytes on
   * the chip, written once and read once an iteration, so that one copy serves.
   */
  @Test
  void theReportCountsWhatIsOnTheChip() {
    KernelPlan plan = new KernelPlan("test", List.of(through(33, 0)), List.of(132L));
    KernelPipeline before = PipelineAnalysis.of(plan.launches().getFirst());
    assertEquals(0, before.onChipBytes());
    assertEquals(3 * 132.0, before.bytesRead());
    assertEquals(2 * 132.0, before.bytesWritten());
    KernelPipeline after = PipelineAnalysis.of(OnChip.of(plan, 132).launches().getFirst());
    assertEquals(132, after.onChipBytes());
    assertEquals(0, after.registerBytes());
    assertEquals(2 * 132.0, after.bytesRead());
    assertEquals(132.0, after.bytesWritten());
    assertEquals(List.of(Trips.of(33), Trips.of(33)), after.loops().stream().map(LoopPipeline::trips).toList());
    assertEquals(List.of(1.0, 1.0), after.loops().stream().map(LoopPipeline::interval).toList());
    assertEquals(
        after.loops().get(0).latency() + 32.0 + after.loops().get(1).latency() + 32, after.cycles(), "one each cycle");
  }

  /** Reads at three unlike places in an iteration: a block has two ports, so there are two copies, of 4 x 17 bytes each. */
  @Test
  void moreReadersThanPortsNeedCopies() {
    KernelBuilder k = new KernelBuilder("copies");
    Parameter.Global in = k.global("in", DType.F32, 17, Access.READ, false);
    Parameter.Global out = k.global("out", DType.F32, 4, Access.WRITE, false);
    Parameter.Global space = k.global("space", DType.F32, 17, Access.READ_WRITE, false);
    k.loop("i", 17, i -> k.store(space, i, Values.load(in, i)));
    k.loop("i", 4, i -> k.store(out, i, plus(
        Values.load(space, i), plus(Values.load(space, Values.mul(i, 2)), Values.load(space, Values.mul(i, 5))))));
    Launch launch = new Launch(
        k.build(1, 1, 1), Dims.of(1, 1, 1),
        List.of(new Argument.Input(0), new Argument.Output(0), new Argument.Workspace(0)));
    KernelPlan moved = OnChip.of(new KernelPlan("test", List.of(launch), List.of(68L)), 1 << 10);
    assertEquals(List.of(0L), moved.workspaces());
    assertEquals(2 * 68, PipelineAnalysis.of(moved.launches().getFirst()).onChipBytes());
    double[] values = Runs.random(new SplittableRandom(1), 17, -1, 1);
    double[] found = Runs.values(
        DType.F32, Runs.run(moved, List.of(Runs.bytes(DType.F32, values)), List.of(16)).getFirst());
    for (int i = 0; i < 4; i++) {
      assertEquals((float) values[i] + ((float) values[2 * i] + (float) values[5 * i]), found[i], 1e-6);
    }
  }

  @Test
  void whatLaunchesShareStaysInGlobalMemory() {
    KernelBuilder first = new KernelBuilder("first");
    Parameter.Global in = first.global("in", DType.F32, 13, Access.READ, false);
    Parameter.Global to = first.global("to", DType.F32, 13, Access.WRITE, false);
    first.loop("i", 13, i -> first.store(to, i, Values.load(in, i)));
    KernelBuilder second = new KernelBuilder("second");
    Parameter.Global from = second.global("from", DType.F32, 13, Access.READ, false);
    Parameter.Global out = second.global("out", DType.F32, 13, Access.WRITE, false);
    second.loop("i", 13, i -> second.store(out, i, Values.load(from, i)));
    Dims one = Dims.of(1, 1, 1);
    KernelPlan plan = new KernelPlan(
        "test",
        List.of(
            new Launch(first.build(1, 1, 1), one, List.of(new Argument.Input(0), new Argument.Workspace(0))),
            new Launch(second.build(1, 1, 1), one, List.of(new Argument.Workspace(0), new Argument.Output(0)))),
        List.of(52L));
    assertSame(plan, OnChip.of(plan, 1 << 20));
    double[] values = Runs.random(new SplittableRandom(1), 13, -1, 1);
    assertArrayEquals(Runs.bytes(DType.F32, values), run(plan, values).getFirst());
  }

  /** One memory under two names is no array of the kernel's. */
  @Test
  void whatALaunchBindsTwiceStaysInGlobalMemory() {
    KernelBuilder k = new KernelBuilder("twice");
    Parameter.Global a = k.global("a", DType.F32, 5, Access.READ_WRITE, true);
    Parameter.Global b = k.global("b", DType.F32, 5, Access.READ_WRITE, true);
    k.loop("i", 5, i -> k.store(a, i, Values.constant(1f)));
    k.loop("i", 5, i -> k.store(b, i, Values.constant(2f)));
    Launch launch = new Launch(
        k.build(1, 1, 1), Dims.of(1, 1, 1), List.of(new Argument.Workspace(0), new Argument.Workspace(0)));
    KernelPlan plan = new KernelPlan("test", List.of(launch), List.of(20L));
    assertSame(plan, OnChip.of(plan, 1 << 20));
  }

  @Test
  void whatTheKernelAlreadyHasOnTheChipCounts() {
    KernelBuilder k = new KernelBuilder("full");
    Parameter.Global space = k.global("space", DType.F32, 10, Access.READ_WRITE, false);
    var local = k.local("local", DType.F32, 20);
    k.loop("i", 10, i -> k.store(space, i, Values.constant(1f)));
    k.loop("i", 10, i -> k.store(local, i, Values.load(space, i)));
    Kernel kernel = k.build(1, 1, 1);
    KernelPlan plan = new KernelPlan(
        "test", List.of(new Launch(kernel, Dims.of(1, 1, 1), List.of(new Argument.Workspace(0)))), List.of(40L));
    assertSame(plan, OnChip.of(plan, 119));
    assertEquals(120, OnChip.of(plan, 120).kernels().iterator().next().localBytes());
  }
}
