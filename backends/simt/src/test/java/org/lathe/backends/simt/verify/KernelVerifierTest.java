package org.lathe.backends.simt.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.PlanCheck;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Statement;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Copy;

class KernelVerifierTest {
  private static final Traits GPU = PlanCheck.GPU;
  private static final Value ITEM = Values.globalId(0);
  private static final Value LOCAL = Values.localId(0);

  private static final Parameter.Global IN = new Parameter.Global("in", DType.F32, 33, Access.READ, false);
  private static final Parameter.Global OUT = new Parameter.Global("out", DType.F32, 33, Access.WRITE, false);
  private static final Parameter.Global BOTH = new Parameter.Global("both", DType.I32, 33, Access.READ_WRITE, false);
  private static final Parameter.Scalar COUNT = new Parameter.Scalar("count", DType.I32);
  private static final Memory.Local TILE = new Memory.Local("tile", DType.F32, 8);
  private static final Memory.Private MINE = new Memory.Private("mine", DType.I32, 4);

  /** A launch of 40 work items in groups of 8 with these statements; {@code count} is 5. */
  private static Launch launch(List<Statement> body) {
    Kernel kernel = new Kernel(
        "lathe_test", List.of(IN, OUT, BOTH, COUNT), List.of(TILE, MINE), Dims.of(8, 1, 1), body);
    return new Launch(kernel, Dims.of(40, 1, 1),
        List.of(new Argument.Input(0), new Argument.Output(0), new Argument.Workspace(0), new Argument.Number(5)));
  }

  /** What the builder writes, in a launch as above. */
  private static Launch written(Consumer<KernelBuilder> content) {
    KernelBuilder k = new KernelBuilder("test");
    content.accept(k);
    return launch(k.build(8, 1, 1).body());
  }

  private static void clean(Consumer<KernelBuilder> content) {
    assertEquals(List.of(), KernelVerifier.verify(written(content), GPU));
  }

  private static void problem(String expected, List<Statement> body) {
    List<String> found = KernelVerifier.verify(launch(body), GPU);
    assertTrue(!found.isEmpty(), "nothing found, not '" + expected + "'");
    assertTrue(found.getFirst().startsWith("lathe_test: ") && found.getFirst().contains(expected), found::toString);
    assertTrue(found.stream().noneMatch(f -> f.contains("\n")), found::toString);
  }

  private static void problem(String expected, Statement... body) {
    problem(expected, Arrays.asList(body));
  }

  private static void problem(String expected, Consumer<KernelBuilder> content) {
    problem(expected, written(content).kernel().body());
  }

  private static Statement.Store store(Value index, Value value) {
    return new Statement.Store(OUT, index, value, false);
  }

  @Test
  void typesOfValuesAreThoseOfTheirOperators() {
    Value one = Values.index(1);
    Value real = Values.constant(1f);
    problem("is not legal on operands of [i32, f32]",
        store(one, new Value.Binary(BinaryOp.ADD, one, real, Type.F32, false)));
    problem("is not legal", store(one, new Value.Binary(BinaryOp.LT, real, real, Type.F32, false)));
    problem("is not legal", store(one, new Value.Unary(UnaryOp.NOT, real, Type.F32)));
    problem("is not legal", store(one, new Value.MultiplyAdd(real, real, one)));
    problem("is not legal", store(one, new Value.Select(one, real, real)));
    problem("is not legal", store(one, new Value.Lane(Values.splat(real, 4), 4)));
    problem("is not legal", store(one, new Value.Splat(Values.splat(real, 2), 2)));
    problem("is not legal", store(one, new Value.Bits(real, DType.I64)));
    problem("is not legal", store(one, new Value.Load(IN, real, 1, false)));
    problem("is not legal", store(new Value.Constant(Type.I32, 1L << 40), real));
    problem("an index of f32", store(real, real));
    problem("i32 goes to 'write out: f32[33]'", store(one, one));
    problem("begins as i32", new Statement.Declare(new Variable("x", Type.F32), one));
    problem("a condition of i32", new Statement.If(one, List.of(), List.of()));
    problem("a loop of i32 from i32 to i64",
        new Statement.For(new Variable("i", Type.I32), one, new Value.Constant(Type.I64, 3), 1, 1, List.of()));
  }

  @Test
  void variablesAreKnownFromWhereTheyAreDeclaredToTheEndOfTheirBlock() {
    Variable x = new Variable("x", Type.I32);
    Statement declare = new Statement.Declare(x, ITEM);
    Statement use = store(Values.rem(Values.read(x), 33), Values.constant(1));
    assertEquals(List.of(), KernelVerifier.verify(launch(List.of(declare, use)), GPU));
    problem("'x' is read where it is not declared", use, declare);
    problem("'x' is read where it is not declared",
        new Statement.If(Values.less(ITEM, 3), List.of(declare), List.of(use)));
    problem("'x' is read where it is not declared", new Statement.Declare(x, Values.add(Values.read(x), 1)));
    problem("'x' is assigned where it is not declared", new Statement.Assign(x, ITEM));
    problem("the loop counter 'x' is assigned",
        new Statement.For(x, Values.index(0), Values.index(3), 1, 1, List.of(new Statement.Assign(x, ITEM))));
  }

  @Test
  void namesAreUniqueAndNotOfTheLanguage() {
    problem("is the name of something else too", declare("out"));
    problem("is the name of something else too", declare("x"), declare("x"));
    problem("is the name of something else too", declare("in_buffer"));
    for (String reserved : List.of("float", "kernel", "float4", "exp", "get_x", "__x", "lathe_divide_i32", "half")) {
      problem("is reserved in OpenCL C", declare(reserved));
    }
    problem("is not a name", declare("a b"));
    problem("is not a name", declare("größe"));
    // The builder keeps away from them.
    clean(k -> {
      Variable v = k.variable("float", Values.constant(1));
      assertEquals("a_float", v.name());
      assertEquals("a_half_x", k.variable("half_x", Values.constant(1)).name());
      k.store(OUT, Values.rem(ITEM, 33), Values.read(v));
    });
  }

  private static Statement declare(String name) {
    return new Statement.Declare(new Variable(name, Type.I32), ITEM);
  }

  @Test
  void memoryIsTheKernelsOwnAndUsedAsItSays() {
    Memory other = new Memory.Local("other", DType.F32, 4);
    problem("'other' is no memory of this kernel", new Statement.Store(other, LOCAL, Values.constant(1), false));
    problem("'in' is only to be read", new Statement.Store(IN, LOCAL, Values.constant(1), false));
    problem("'out' is only to be written", store(LOCAL, Values.load(OUT, LOCAL)));
    problem("'n' is no parameter", new Statement.Store(
        BOTH, LOCAL, Values.argument(new Parameter.Scalar("n", DType.I32)), false));
  }

  @Test
  void barriersStandWhereTheWholeGroupArrives() {
    clean(k -> k.when(Values.less(Values.groupId(0), 2), k::barrier));
    clean(k -> k.loop("i", Values.index(0), Values.argument(COUNT), 1, i -> k.barrier()));
    clean(k -> k.loop("i", 3, i -> k.when(Values.less(i, 2), k::barrier)));
    problem("a barrier that not all of the group may reach, in: if lt(local_id(0), 3:i32)",
        k -> k.when(Values.less(LOCAL, 3), k::barrier));
    problem("a barrier",
        k -> k.when(Values.less(ITEM, 33), () -> k.when(Values.less(Values.groupId(0), 2), k::barrier)));
    problem("a barrier", k -> k.loop("i", Values.index(0), LOCAL, 1, i -> k.barrier()));
    problem("a barrier", k -> {
      Value loaded = k.let("x", Values.load(BOTH, Values.index(0)));
      k.when(Values.less(loaded, 3), k::barrier);
    });
    // What is assigned where the group is parted differs afterwards.
    problem("a barrier", k -> {
      Variable x = k.variable("x", Values.index(0));
      k.when(Values.less(LOCAL, 3), () -> k.assign(x, Values.index(1)));
      k.when(Values.equal(Values.read(x), 0), k::barrier);
    });
    // Through a loop: the first pass finds x the same, the second does not.
    problem("a barrier", k -> {
      Variable x = k.variable("x", Values.index(0));
      Variable y = k.variable("y", Values.index(0));
      k.loop("i", 3, i -> {
        k.when(Values.equal(Values.read(x), 0), k::barrier);
        k.assign(x, Values.read(y));
        k.assign(y, LOCAL);
      });
    });
  }

  @Test
  void oneWorkItemIsAlwaysTheWholeGroup() {
    KernelBuilder k = new KernelBuilder("single");
    k.when(Values.less(ITEM, 3), k::barrier);
    assertEquals(List.of(),
        KernelVerifier.verify(new Launch(k.build(1, 1, 1), Dims.of(9, 1, 1), List.of()), GPU));
  }

  @Test
  void indicesThatAreAlwaysOutsideAreProblems() {
    problem("always out of bounds: out[33 to 72]", k -> k.store(OUT, Values.add(ITEM, 33), Values.constant(1)));
    problem("always out of bounds: in[-40 to -1]",
        k -> k.store(OUT, LOCAL, Values.load(IN, Values.sub(ITEM, 40))));
    problem("always out of bounds: in[30 to 30] of 4 lanes",
        k -> k.store(OUT, LOCAL, Values.lane(Values.load(IN, Values.index(30), 4, false), 0)));
    problem("always out of bounds",
        k -> k.when(Values.atLeast(ITEM, 33), () -> k.store(OUT, ITEM, Values.constant(1))));
    problem("never fits its type",
        k -> k.store(BOTH, LOCAL, Values.add(Values.mul(Values.add(ITEM, 1L << 20), 1 << 20), 1)));
    // Code that no work item reaches does nothing.
    clean(k -> k.when(Values.atLeast(ITEM, 40), () -> k.store(OUT, Values.index(99), Values.constant(1))));
    clean(k -> k.loop("i", Values.index(7), Values.argument(COUNT), 1,
        i -> k.store(OUT, Values.index(99), Values.constant(1))));
  }

  private static void proved(boolean expected, Consumer<KernelBuilder> content) {
    Launch launch = written(content);
    assertEquals(List.of(), KernelVerifier.verify(launch, GPU));
    assertEquals(expected, KernelVerifier.unproved(launch).isEmpty(), () -> KernelVerifier.unproved(launch).toString());
  }

  @Test
  void guardsProveBounds() {
    Value one = Values.constant(1);
    proved(false, k -> k.store(OUT, ITEM, one));
    proved(true, k -> k.when(Values.less(ITEM, 33), () -> k.store(OUT, ITEM, one)));
    proved(false, k -> k.when(Values.less(ITEM, 34), () -> k.store(OUT, ITEM, one)));
    proved(true, k -> k.when(Values.atLeast(ITEM, 33), () -> {}, () -> k.store(OUT, ITEM, one)));
    proved(true, k -> {
      Value item = k.let("item", ITEM);
      Value inside = k.let("inside", Values.and(Values.less(item, 30), Values.atLeast(item, 2)));
      k.when(inside, () -> k.store(OUT, Values.add(Values.sub(item, 2), 5), one));
    });
    // From a tile's corner and its rows to the element, and back from the guard on the sum.
    proved(true, k -> {
      Value row = k.let("row", Values.add(Values.mul(Values.groupId(0), 8), LOCAL));
      k.when(Values.less(Values.add(Values.mul(row, 4), 3), 33),
          () -> k.store(OUT, Values.mul(row, 4), Values.splat(one, 4)));
    });
    proved(true, k -> k.loop("i", Values.index(0), Values.index(33), 4, i -> k.loop("j", 4, j -> {
      Value at = k.let("at", Values.add(i, j));
      k.when(Values.less(at, 33), () -> k.store(OUT, at, one));
    })));
    // 0, 4, ..., 28 are the last counter's values.
    proved(true, k -> k.loop("i", Values.index(0), Values.index(30), 4,
        i -> k.store(OUT, Values.add(i, 4), one)));
    proved(true, k -> k.store(OUT, Values.add(Values.mul(Values.rem(ITEM, 5), 6), Values.div(ITEM, 5)), one));
    proved(true, k -> k.store(OUT, Values.min(ITEM, Values.index(32)), one));
    proved(true, k -> k.store(OUT, Values.binary(BinaryOp.AND, ITEM, Values.index(31)), one));
    proved(true, k -> k.loop("i", Values.index(0), Values.argument(COUNT), 1,
        i -> k.store(OUT, Values.mul(i, 8), one)));
  }

  @Test
  void whatIsAssignedInALoopIsNotKnownInIt() {
    proved(false, k -> {
      Variable at = k.variable("at", Values.index(0));
      k.loop("i", 3, i -> {
        k.store(OUT, Values.read(at), Values.constant(1));
        k.assign(at, Values.add(Values.read(at), 20));
      });
    });
    proved(false, k -> {
      Variable at = k.variable("at", Values.index(0));
      k.when(Values.less(Values.read(at), 3), () -> {
        k.assign(at, ITEM);
        k.store(OUT, Values.read(at), Values.constant(1));
      });
    });
    proved(true, k -> {
      Variable at = k.variable("at", ITEM);
      k.when(Values.atLeast(Values.read(at), 33), () -> k.assign(at, Values.index(0)));
      k.store(OUT, Values.read(at), Values.constant(1));
    });
    // Sums that wrap are not known to be larger.
    proved(false, k -> {
      Value far = Values.binary(BinaryOp.ADD, Values.cast(ITEM, DType.I64),
          new Value.Constant(Type.I64, Long.MAX_VALUE));
      k.when(new Value.Binary(BinaryOp.LT, far, new Value.Constant(Type.I64, 33), Type.BOOL, true),
          () -> k.store(OUT, far, Values.constant(1)));
    });
  }

  @Test
  void limitsOfTheDeviceHold() {
    Traits small = new Traits(Traits.Form.GPU, 1, 1, 1, 4, 16, 3, false);
    Launch launch = launch(List.of(new Statement.Declare(new Variable("x", Type.of(DType.F64)),
        Values.constant(DType.F64, 1))));
    List<String> found = KernelVerifier.verify(launch, small);
    assertEquals(List.of(
        "lathe_test: groups of 8 work items, the device has at most 4",
        "lathe_test: 32 bytes of local memory, the device has 16",
        "lathe_test: 4 parameters, the device takes at most 3",
        "lathe_test: it computes in f64, the device does not"), found);
    assertTrue(KernelVerifier.verify(launch, PlanCheck.PIPELINE).toString().contains("not of one"));
  }

  @Test
  void plansBindWhatTheirKernelsNeed() {
    Launch launch = launch(List.of());
    List<String> found = KernelVerifier.verify(new KernelPlan("x", List.of(launch), List.of(100L)), new Copy(100), GPU);
    assertEquals(3, found.size(), found::toString);
    assertTrue(found.get(0).contains("bound to input 0"), found::toString);
    assertTrue(found.get(2).contains("workspace 0 of 100 bytes"), found::toString);
    List<Long> enough = new ArrayList<>(List.of(132L));
    assertEquals(List.of(),
        KernelVerifier.verify(new KernelPlan("x", List.of(launch), enough), new Copy(132), GPU));
  }
}
