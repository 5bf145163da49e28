package org.lathe.backends.simt.interp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.simt.interp.KernelFault.Kind;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.Argument;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.reference.Elements;
import org.lathe.reference.ExprReference;
import org.lathe.reference.Scalar;

class KernelInterpreterTest {
  private static final int GROUP = 4;

  /** A kernel with {@code in} to read and {@code out} to write and read, of 16 f32 each. */
  private static final class Small extends KernelBuilder {
    final Parameter.Global in = global("in", DType.F32, 16, Access.READ, false);
    final Parameter.Global out = global("out", DType.F32, 16, Access.READ_WRITE, false);
    final Value item = Values.globalId(0);
    final Value local = Values.localId(0);

    Small() {
      super("small");
    }

    /** Runs it with 8 work items in groups of 4. The inputs are 0, 1, 2, ...; what is not written is NaN. */
    double[] run() {
      Kernel kernel = build(GROUP, 1, 1);
      Launch launch = new Launch(kernel, Dims.of(8, 1, 1), List.of(new Argument.Input(0), new Argument.Output(0)));
      Elements x = Elements.poisoned(DType.F32, 16);
      Elements y = Elements.poisoned(DType.F32, 16);
      for (int i = 0; i < 16; i++) {
        x.set(i, i);
      }
      KernelInterpreter.run(launch, List.of(GlobalMemory.of(x.segment()), GlobalMemory.undefined(y.segment())));
      return y.toArray();
    }
  }

  private static KernelFault fault(Kind kind, Consumer<Small> body) {
    Small k = new Small();
    body.accept(k);
    KernelFault f = assertThrows(KernelFault.class, k::run);
    assertEquals(kind, f.kind(), f.getMessage());
    assertTrue(f.kernel().startsWith("lathe_small_") && f.getMessage().startsWith(f.kernel()), f.getMessage());
    assertTrue(f.getMessage().endsWith("in: " + f.statement()), f.getMessage());
    return f;
  }

  private static double[] clean(Consumer<Small> body) {
    Small k = new Small();
    body.accept(k);
    return k.run();
  }

  /** Reverses each group's elements through local memory. */
  private static void reverse(Small k, boolean barrier) {
    Memory tile = k.local("tile", DType.F32, GROUP);
    k.store(tile, k.local, Values.load(k.in, k.item));
    if (barrier) {
      k.barrier();
    }
    Value mirrored = Values.sub(Values.index(GROUP - 1), k.local);
    k.store(k.out, k.item, Values.load(tile, mirrored));
  }

  @Test
  void aGroupSharesLocalMemoryBetweenBarriers() {
    double[] y = clean(k -> reverse(k, true));
    assertArrayEquals(new double[]{3, 2, 1, 0, 7, 6, 5, 4}, java.util.Arrays.copyOf(y, 8));
    assertTrue(Double.isNaN(y[8]));
  }

  @Test
  void aMissingBarrierIsARace() {
    KernelFault f = fault(Kind.RACE, k -> reverse(k, false));
    assertEquals(Dims.of(0, 0, 0), f.item());
    assertEquals(3, f.index());
    assertEquals("out[global_id(0)] = tile[sub(3:i32, local_id(0))]", f.statement());
  }

  @Test
  void overwritingWhatOthersStillReadIsARace() {
    fault(Kind.RACE, k -> {
      Memory tile = k.local("tile", DType.F32, GROUP);
      k.loop("pass", 2, pass -> {
        k.store(tile, k.local, Values.load(k.in, k.item));
        k.barrier();
        k.store(k.out, k.item, Values.load(tile, Values.sub(Values.index(3), k.local)));
      });
    });
    clean(k -> {
      Memory tile = k.local("tile", DType.F32, GROUP);
      k.loop("pass", 2, pass -> {
        k.store(tile, k.local, Values.load(k.in, k.item));
        k.barrier();
        k.store(k.out, k.item, Values.load(tile, Values.sub(Values.index(3), k.local)));
        k.barrier();
      });
    });
  }

  @Test
  void twoItemsThatWriteOneElementRace() {
    KernelFault f = fault(Kind.RACE, k -> k.store(k.out, Values.div(k.item, 2), Values.constant(1)));
    assertEquals(Dims.of(1, 0, 0), f.item());
    assertEquals(0, f.index());
    double[] y = clean(k -> k.when(
        Values.equal(Values.rem(k.item, 2), 0), () -> k.store(k.out, Values.div(k.item, 2), Values.constant(1))));
    assertArrayEquals(new double[]{1, 1, 1, 1}, java.util.Arrays.copyOf(y, 4));
  }

  @Test
  void groupsThatWriteOneElementRace() {
    KernelFault f = fault(Kind.RACE_ACROSS_GROUPS, k -> k.store(k.out, k.local, Values.constant(1)));
    assertEquals(Dims.of(4, 0, 0), f.item());
  }

  @Test
  void noBarrierOrdersGroups() {
    fault(Kind.RACE_ACROSS_GROUPS, k -> {
      k.store(k.out, k.item, Values.load(k.in, k.item));
      k.barrier();
      k.store(k.out, Values.add(k.item, 8), Values.load(k.out, k.local));
    });
  }

  /** Group 0 and then group 1 read an element that group 1 writes later. */
  @Test
  void aReadOfAnEarlierGroupIsNotForgotten() {
    fault(Kind.RACE_ACROSS_GROUPS, k -> {
      Parameter.Global both = k.global("both", DType.F32, 16, Access.READ_WRITE, false);
      k.when(Values.equal(k.local, 0), () -> {
        Value x = k.let("x", Values.load(both, Values.index(0)));
        k.when(Values.equal(Values.groupId(0), 1), () -> k.store(both, Values.index(0), x));
      });
    }, 16);
  }

  private static void fault(Kind kind, Consumer<Small> body, int moreElements) {
    Small k = new Small();
    body.accept(k);
    Launch launch = new Launch(k.build(GROUP, 1, 1), Dims.of(8, 1, 1),
        List.of(new Argument.Input(0), new Argument.Output(0), new Argument.Workspace(0)));
    GlobalMemory more = GlobalMemory.of(MemorySegment.ofArray(new byte[4 * moreElements]));
    List<@Nullable GlobalMemory> bound = List.of(
        GlobalMemory.of(MemorySegment.ofArray(new byte[64])), GlobalMemory.undefined(64), more);
    assertEquals(kind, assertThrows(KernelFault.class, () -> KernelInterpreter.run(launch, bound)).kind());
  }

  @Test
  void indicesBeyondTheParameterAreFaults() {
    KernelFault f = fault(Kind.OUT_OF_BOUNDS, k -> k.store(k.out, Values.add(k.item, 9), Values.constant(1)));
    assertEquals(16, f.index());
    assertEquals(Dims.of(7, 0, 0), f.item());
    assertEquals(-1, fault(
        Kind.OUT_OF_BOUNDS, k -> k.store(k.out, k.item, Values.load(k.in, Values.sub(k.item, 1)))).index());
    assertEquals(13, fault(Kind.OUT_OF_BOUNDS, k -> k.store(
        k.out, k.item, Values.lane(Values.load(k.in, Values.add(Values.mul(k.item, 4), 1), 4, false), 3))).index());
    // Both sides of a select are evaluated.
    fault(Kind.OUT_OF_BOUNDS, k -> k.store(k.out, k.item,
        Values.select(Values.less(k.item, 4), Values.load(k.in, Values.mul(k.item, 3)), Values.constant(0))));
    clean(k -> k.when(Values.less(k.item, 4), () -> k.store(k.out, k.item, Values.load(k.in, Values.mul(k.item, 3)))));
  }

  @Test
  void readsOfWhatWasNeverWrittenAreFaults() {
    fault(Kind.UNINITIALIZED, k -> k.store(k.out, k.item, Values.load(k.out, k.item)));
    fault(Kind.UNINITIALIZED, k -> {
      Memory tile = k.local("tile", DType.F32, 8);
      k.store(tile, k.local, Values.constant(2));
      k.barrier();
      k.store(k.out, k.item, Values.load(tile, Values.add(k.local, 1)));
    });
    fault(Kind.UNINITIALIZED, k -> {
      Memory mine = k.array("mine", DType.F32, 2);
      k.when(Values.less(k.item, 7), () -> k.store(mine, Values.index(1), Values.constant(1)));
      k.store(k.out, k.item, Values.load(mine, Values.index(1)));
    });
    // What one group wrote to its local memory is not there for the next.
    fault(Kind.UNINITIALIZED, k -> {
      Memory tile = k.local("tile", DType.F32, 4);
      k.when(Values.equal(Values.groupId(0), 0), () -> k.store(tile, k.local, Values.constant(2)));
      k.store(k.out, k.item, Values.load(tile, k.local));
    });
  }

  @Test
  void barriersThatNotAllReachAreFaults() {
    assertEquals("barrier", fault(Kind.DIVERGENT_BARRIER, k -> k.when(Values.less(k.item, 3), k::barrier)).statement());
    fault(Kind.DIVERGENT_BARRIER, k -> k.loop("i", Values.index(0), k.local, 1, i -> k.barrier()));
    clean(k -> k.when(Values.less(Values.groupId(0), 1), k::barrier));
    clean(k -> k.loop("i", Values.index(0), Values.groupId(0), 1, i -> k.barrier()));
  }

  @Test
  void vectorsSaidToBeAlignedMustBe() {
    fault(Kind.MISALIGNED, k -> k.store(k.out, k.item,
        Values.lane(Values.load(k.in, k.item, 2, true), 0)));
    clean(k -> k.store(k.out, k.item, Values.lane(Values.load(k.in, k.item, 2, false), 0)));
  }

  @Test
  void exactArithmeticMustFit() {
    Value large = Values.add(Values.globalId(0), Integer.MAX_VALUE - 6L);
    KernelFault f = fault(Kind.OVERFLOW, k -> {
      Value x = k.let("x", large);
      k.store(k.out, k.item, Values.cast(x, DType.F32));
    });
    assertEquals(Dims.of(7, 0, 0), f.item());
    clean(k -> k.store(k.out, k.item, Values.cast(
        Values.binary(BinaryOp.ADD, Values.globalId(0), Values.index(Integer.MAX_VALUE - 6L)), DType.F32)));
  }

  @Test
  void loopsAndBranchesNarrowWhoIsActive() {
    double[] y = clean(k -> {
      Variable sum = k.variable("sum", Values.constant(0));
      k.loop("i", Values.index(0), k.item, 2, i -> k.when(
          Values.less(i, 4),
          () -> k.assign(sum, Values.binary(BinaryOp.ADD, Values.read(sum), Values.cast(i, DType.F32))),
          () -> k.assign(sum, Values.binary(BinaryOp.ADD, Values.read(sum), Values.constant(100)))));
      k.store(k.out, k.item, Values.read(sum));
    });
    assertArrayEquals(new double[]{0, 0, 0, 2, 2, 102, 102, 202}, java.util.Arrays.copyOf(y, 8));
  }

  @Test
  void vectorsGoLaneByLane() {
    double[] y = clean(k -> k.when(Values.less(k.item, 4), () -> {
      Value at = Values.mul(k.item, 4);
      Value x = k.let("x", Values.load(k.in, at, 4, true));
      Value odd = Values.binary(BinaryOp.AND, Values.lanes(4), Values.index(1));
      Value mixed = Values.select(Values.equal(odd, 1), Values.unary(UnaryOp.NEG, x),
          Values.mad(x, Values.constant(2), Values.lane(x, 1)));
      k.store(k.out, at, mixed, true);
    }));
    double[] expected = new double[16];
    for (int i = 0; i < 16; i++) {
      expected[i] = i % 2 == 1 ? -i : 2 * i + i / 4 * 4 + 1;
    }
    assertArrayEquals(expected, y);
  }

  /** Every operator on every type, against the documentation's own evaluation. */
  @ParameterizedTest
  @EnumSource
  void operatorsMeanWhatExpressionsMean(DType type) {
    Random random = new Random();
    long seed = random.nextLong();
    random.setSeed(seed);
    DType register = type.compute();
    int n = 64;
    Elements a = special(type, n, random);
    Elements b = special(type, n, random);
    for (BinaryOp op : BinaryOp.values()) {
      if (allows(op, register)) {
        DType result = op.isComparison() ? DType.BOOL : register;
        run(type, result, n, a, b, (x, y) -> Values.binary(op, x, y), (x, y) -> ExprReference.binary(op, type, x, y),
            "seed " + seed + ", " + op + " of " + type);
      }
    }
    for (UnaryOp op : UnaryOp.values()) {
      if (allows(op, register)) {
        boolean test = op == UnaryOp.IS_NAN || op == UnaryOp.IS_FINITE;
        run(type, test ? DType.BOOL : register, n, a, b, (x, y) -> Values.unary(op, x),
            (x, y) -> ExprReference.unary(op, type, x), "seed " + seed + ", " + op + " of " + type);
      }
    }
    for (DType to : DType.values()) {
      run(type, to, n, a, b, (x, y) -> Values.cast(x, to.compute()), (x, y) -> ExprReference.cast(type, x, to),
          "seed " + seed + ", cast of " + type + " to " + to);
    }
  }

  private static boolean allows(BinaryOp op, DType t) {
    return switch (op) {
      case ADD, SUB, MUL, DIV, REM -> t != DType.BOOL;
      case POW -> t.isFloating();
      case AND, OR, XOR -> !t.isFloating();
      case SHL, SHR -> t == DType.I32 || t == DType.I64;
      default -> true;
    };
  }

  private static boolean allows(UnaryOp op, DType t) {
    return switch (op) {
      case NOT -> t == DType.BOOL;
      case NEG, ABS, SIGN -> t != DType.BOOL;
      default -> t.isFloating();
    };
  }

  private static Elements special(DType type, int n, Random random) {
    double[] odd = {0, -0.0, 1, -1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e10, -1e10, 0.5};
    Elements e = Elements.poisoned(type, n);
    for (int i = 0; i < n; i++) {
      e.set(i, type.isFloating()
          ? Scalar.number(type, i % 3 == 0 ? odd[random.nextInt(odd.length)] : random.nextGaussian() * 3)
          : Scalar.of(type, i % 2 == 0 ? random.nextLong() : random.nextLong(-3, 4)));
    }
    return e;
  }

  private interface Two<T> {
    T of(T a, T b);
  }

  private static void run(
      DType type, DType result, int n, Elements a, Elements b, Two<Value> op, Two<Scalar> reference, String what) {
    KernelBuilder k = new KernelBuilder("operator");
    Parameter.Global x = k.global("x", type, n, Access.READ, false);
    Parameter.Global y = k.global("y", type, n, Access.READ, false);
    Parameter.Global z = k.global("z", result, n, Access.WRITE, false);
    Value at = Values.mul(Values.globalId(0), 4);
    k.store(z, at, op.of(Values.load(x, at, 4, true), Values.load(y, at, 4, true)), false);
    Launch launch = new Launch(k.build(8, 1, 1), Dims.of(n / 4, 1, 1),
        List.of(new Argument.Input(0), new Argument.Input(1), new Argument.Output(0)));
    Elements found = Elements.poisoned(result, n);
    KernelInterpreter.run(launch, List.of(
        GlobalMemory.of(a.segment()), GlobalMemory.of(b.segment()), GlobalMemory.undefined(found.segment())));
    for (int i = 0; i < n; i++) {
      Scalar expected = reference.of(a.get(i), b.get(i));
      Elements rounded = Elements.poisoned(result, 1);
      rounded.set(0, expected);
      double tolerance = 1e-6 * Math.abs(rounded.real(0));
      assertEquals(rounded.real(0), found.real(i), Double.isFinite(tolerance) ? tolerance : 0,
          what + " with " + a.get(i) + " and " + b.get(i));
    }
  }

  @Test
  void inPlaceOperandsMustBeSaidToAlias() {
    Small k = new Small();
    k.store(k.out, k.item, Values.load(k.in, k.item));
    Launch launch = new Launch(k.build(GROUP, 1, 1), Dims.of(8, 1, 1),
        List.of(new Argument.Input(0), new Argument.Output(0)));
    GlobalMemory one = GlobalMemory.of(MemorySegment.ofArray(new byte[64]));
    List<@Nullable GlobalMemory> twice = new ArrayList<>(Collections.nCopies(2, one));
    assertThrows(IllegalArgumentException.class, () -> KernelInterpreter.run(launch, twice));
  }
}
