package org.lathe.backends.simt.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;

/** One work item does the work of many: the same bytes, for random ranges, groups, guards and bodies. */
class SingleItemTest {
  private static final int ROUNDS = 150;
  private static final int[] COUNTS = {1, 1, 2, 3, 5, 7, 13, 17};
  private static final int[] LOCALS = {1, 1, 2, 3, 4, 5};

  /** A launch over a grid of points, of which each has one element of the input and of the output. */
  private static Launch launch(SplittableRandom random) {
    int[] points = new int[3];
    int[] local = new int[3];
    int[] groups = new int[3];
    for (int axis = 0; axis < 3; axis++) {
      points[axis] = COUNTS[random.nextInt(COUNTS.length)];
      local[axis] = LOCALS[random.nextInt(LOCALS.length)];
      groups[axis] = Math.ceilDiv(points[axis], local[axis]);
    }
    int elements = points[0] * points[1] * points[2];
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global in = k.global("in", DType.F32, elements, Access.READ, false);
    Parameter.Global out = k.global("out", DType.F32, elements, Access.WRITE, false);
    Memory.Private own = k.array("own", DType.F32, 3);
    int form = random.nextInt(4);
    boolean named = random.nextBoolean();
    boolean parts = random.nextBoolean();
    Value[] at = new Value[3];
    Value inside = Values.bool(true);
    for (int axis = 0; axis < 3; axis++) {
      Value id = parts
          ? Values.add(Values.mul(Values.groupId(axis), local[axis]), Values.localId(axis))
          : Values.globalId(axis);
      at[axis] = named ? k.let("at", id) : id;
      if (groups[axis] * local[axis] > points[axis] || random.nextBoolean()) {
        inside = Values.and(inside, Values.less(at[axis], points[axis]));
      }
    }
    Value index = Values.add(at[0], Values.mul(Values.add(at[1], Values.mul(at[2], points[1])), points[0]));
    k.when(inside, () -> {
      Value x = k.let("x", Values.load(in, index));
      Variable y = k.variable("y", x);
      switch (form) {
        case 0 -> k.assign(y, plus(Values.read(y), Values.cast(Values.localId(0), DType.F32)));
        case 1 -> {
          for (int i = 0; i < 3; i++) {
            k.store(own, Values.index(i), Values.binary(BinaryOp.MUL, x, Values.constant(i + 0.5f)));
          }
          k.loop("i", 3, i -> k.assign(y, plus(Values.read(y), Values.load(own, i))));
        }
        case 2 -> k.loop("i", Values.index(0), Values.add(Values.groupId(1), 2), 1, i -> k.assign(
            y, Values.binary(BinaryOp.MUL, Values.read(y), Values.cast(Values.add(i, Values.localId(2)), DType.F32))));
        default -> k.when(
            Values.binary(BinaryOp.GT, x, Values.constant(0f)), () -> k.assign(y, plus(x, Values.constant(1f))));
      }
      // Some points stay unwritten.
      k.when(Values.binary(BinaryOp.LT, x, Values.constant(0.8f)), () -> k.store(out, index, Values.read(y)));
    });
    Kernel kernel = k.build(local[0], local[1], local[2]);
    return new Launch(
        kernel, Dims.of(groups[0] * local[0], groups[1] * local[1], groups[2] * local[2]),
        Runs.arguments(kernel.parameters()));
  }

  private static Value plus(Value a, Value b) {
    return Values.binary(BinaryOp.ADD, a, b);
  }

  @Test
  void randomLaunchesGiveTheSameBytes() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < ROUNDS; round++) {
      Launch many = launch(random);
      Launch one = SingleItem.of(many);
      assertTrue(one.kernel().isSingleItem(one.global()), one.kernel().toString());
      int elements = Math.toIntExact(((Parameter.Global) many.kernel().parameters().getFirst()).elements());
      List<byte[]> inputs = List.of(Runs.bytes(DType.F32, Runs.random(random, elements, -1, 1)));
      List<Integer> outputs = List.of(4 * elements);
      String what = "seed " + seed + ", round " + round + ": " + many.kernel() + "\n" + one.kernel();
      assertArrayEquals(
          Runs.run(many, inputs, outputs).getFirst(), Runs.run(one, inputs, outputs).getFirst(), what);
    }
  }

  /** 207 points in groups of 16 are 13 groups of 208 work items; the one loop goes to 207 and has no condition inside. */
  @Test
  void theGuardOfASurplusIsTheLoopsBound() {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global in = k.global("in", DType.F32, 207, Access.READ, false);
    Parameter.Global out = k.global("out", DType.F32, 207, Access.WRITE, false);
    Value at = k.let("at", Values.globalId(0));
    k.when(Values.less(at, 207), () -> k.store(out, at, Values.load(in, at)));
    Kernel kernel = k.build(16, 1, 1);
    KernelPipeline p = PipelineAnalysis.of(
        SingleItem.of(new Launch(kernel, Dims.of(208, 1, 1), Runs.arguments(kernel.parameters()))));
    assertEquals(1, p.loops().size(), PipelineText.print(p));
    assertEquals(Trips.of(207), p.loops().getFirst().trips());
    assertEquals(1, p.loops().getFirst().interval());
    assertEquals(4.0 * 207, p.bytesRead());
    assertEquals(4.0 * 207, p.bytesWritten());
    assertEquals(0, p.onChipBytes());
  }

  /** Where the kernel asks for its place in the group there are two loops: 13 groups of 16. */
  @Test
  void groupsAndTheirItemsAreANestWhereTheKernelTellsThemApart() {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global out = k.global("out", DType.I32, 208, Access.WRITE, false);
    k.store(out, Values.globalId(0), Values.localId(0));
    Kernel kernel = k.build(16, 1, 1);
    Launch one = SingleItem.of(new Launch(kernel, Dims.of(208, 1, 1), Runs.arguments(kernel.parameters())));
    LoopPipeline nest = PipelineAnalysis.of(one).loops().getFirst();
    assertEquals(2, nest.counters().split(" ").length, nest.counters());
    assertEquals(Trips.of(208), nest.trips());
    double[] found = Runs.values(DType.I32, Runs.run(one, List.of(), List.of(4 * 208)).getFirst());
    for (int i = 0; i < 208; i++) {
      assertEquals(i % 16, found[i]);
    }
  }

  @Test
  void aSingleWorkItemStaysAsItIs() {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global out = k.global("out", DType.F32, 5, Access.WRITE, false);
    k.loop("i", 5, i -> k.store(out, i, Values.constant(1f)));
    Kernel kernel = k.build(1, 1, 1);
    Launch launch = new Launch(kernel, Dims.of(1, 1, 1), Runs.arguments(kernel.parameters()));
    assertSame(launch, SingleItem.of(launch));
    KernelPlan plan = KernelPlan.of("test", launch);
    assertSame(plan, SingleItem.of(plan));
  }

  @Test
  void workItemsThatMeetAreRefused() {
    KernelBuilder k = new KernelBuilder("test");
    Parameter.Global out = k.global("out", DType.F32, 4, Access.WRITE, false);
    k.loop("i", 3, i -> k.barrier());
    k.store(out, Values.globalId(0), Values.constant(1f));
    Kernel kernel = k.build(4, 1, 1);
    Launch launch = new Launch(kernel, Dims.of(4, 1, 1), Runs.arguments(kernel.parameters()));
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> SingleItem.of(launch));
    assertTrue(e.getMessage().contains("meet at barriers"), e.getMessage());
  }
}
