package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.reference.ExprReference;
import org.lathe.reference.Scalar;

class LoopCompilerTest {
  private static final double[] SPECIAL = {0.0, -0.0, 1, -1, Double.NaN, Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY, 1e-40, 3e38, -3e38, 2.5, -2.5, 0.5, 1e-8, 16777217, 5e9, -5e9, 1e300};

  static Scalar random(DType t, Random r) {
    boolean special = r.nextInt(4) == 0;
    double real = special ? SPECIAL[r.nextInt(SPECIAL.length)] : r.nextGaussian() * 3;
    return switch (t) {
      case F32, F64 -> Scalar.of(t, real);
      case F16, BF16 -> Scalar.real(Scalar.round(t, real));
      case I32, I64 -> Scalar.of(t, special ? r.nextLong() : r.nextInt(9) - 4);
      case U8 -> Scalar.of(t, r.nextInt(256));
      case BOOL -> Scalar.of(t, r.nextInt(2));
    };
  }

  /** The vector form of a loop that has one. */
  static Loop vector(Loop loop) {
    return loop instanceof VectorLoop v ? v::vector : loop;
  }

  /** Runs an expression over n points in both forms, and checks each result against the reference. */
  static void check(Expr e, List<DType> types, List<Long> strides, int n, Random r, double ulps) {
    try (Arena arena = Arena.ofConfined()) {
      int k = types.size();
      int m = e.results().size();
      long[] in = new long[k];
      for (int i = 0; i < k; i++) {
        int bytes = types.get(i).bytes();
        long stride = strides.get(i);
        long span = Math.abs(stride) * (n - 1) + 1;
        in[i] = arena.allocate(span * bytes + 64, 64).address();
        for (long x = 0; x < span; x++) {
          At.store(types.get(i), in[i] + x * bytes, random(types.get(i), r));
        }
        in[i] += stride < 0 ? -stride * (n - 1) * bytes : 0;
      }
      long[][] out = new long[2][m];
      List<LoopSpec.Input> inputs = new ArrayList<>();
      for (int i = 0; i < k; i++) {
        inputs.add(new LoopSpec.Input(types.get(i), strides.get(i)));
      }
      List<LoopSpec.Output> outputs = new ArrayList<>();
      for (int j = 0; j < m; j++) {
        outputs.add(LoopSpec.store(e.resultType(j), 1));
      }
      int[] dims = LoopSpec.indexDims(e);
      for (int form = 0; form < 2; form++) {
        LoopSpec spec = LoopSpec.of(e, inputs, outputs, LoopSpec.indexSteps(e, 1), form == 1);
        long[] a = new long[spec.slots()];
        System.arraycopy(in, 0, a, 0, k);
        for (int j = 0; j < m; j++) {
          long bytes = (long) n * e.resultType(j).bytes();
          out[form][j] = arena.allocate(bytes + 64, 64).address();
          Memory.fill(out[form][j], bytes + 64, (byte) 0x7f);
          a[k + j] = out[form][j];
        }
        for (int d = 0; d < dims.length; d++) {
          a[k + m + d] = dims[d] == 0 ? 7 : 5;
        }
        vector(LoopCompiler.compile(spec)).run(a, n);
      }
      Scalar[] values = new Scalar[k];
      for (int x = 0; x < n; x++) {
        for (int i = 0; i < k; i++) {
          values[i] = At.load(types.get(i), in[i] + x * strides.get(i) * types.get(i).bytes());
        }
        Scalar[] v = ExprReference.nodes(e, values, new long[]{7, 5 + x});
        for (int j = 0; j < m; j++) {
          DType t = e.resultType(j);
          long at = (long) x * t.bytes();
          Scalar vector = At.load(t, out[1][j] + at);
          Scalar scalar = At.load(t, out[0][j] + at);
          assertEquals(scalar, vector, () -> "scalar and vector form of " + e);
          Scalar want = v[e.results().get(j)];
          double expected = t.isFloating() ? Scalar.isHalf(t) ? Scalar.round(t, want.real()) : want.real() : 0;
          int point = x;
          if (t.isFloating() && ulps > 0) {
            double ulp = t == DType.F64 ? Math.ulp(expected) : Math.ulp((float) expected);
            assertTrue(Double.compare(expected, vector.real()) == 0 || Math.abs(expected - vector.real()) <= ulps * ulp,
                () -> e + " at " + java.util.Arrays.toString(values) + ": expected " + expected + ", found "
                    + vector.real());
          } else {
            assertEquals(new Scalar(expected, want.whole()), vector,
                () -> e + " at point " + point + " of " + java.util.Arrays.toString(values));
          }
        }
      }
      for (int j = 0; j < m; j++) {
        long end = (long) n * e.resultType(j).bytes();
        for (int form = 0; form < 2; form++) {
          assertEquals(0x7f, Memory.getByte(out[form][j] + end), "wrote past the end");
        }
      }
    }
  }

  @Test
  void everyUnaryOp() {
    Random r = new Random(1);
    for (DType t : DType.values()) {
      for (UnaryOp op : UnaryOp.values()) {
        if (op == UnaryOp.NOT
            ? t != DType.BOOL
            : !t.isFloating() && (t == DType.BOOL || op != UnaryOp.NEG && op != UnaryOp.ABS && op != UnaryOp.SIGN)) {
          continue;
        }
        Expr.Builder b = Expr.builder();
        Expr e = b.build(List.of(b.unary(op, b.input(0, t))));
        boolean exact = switch (op) {
          case EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF -> false;
          default -> true;
        };
        double ulps = exact ? 0 : t == DType.F64 ? 64 : t == DType.F32 ? 5 : t == DType.F16 ? 8192 : 65536;
        check(e, List.of(t), List.of(1L), 207, r, ulps);
        check(e, List.of(t), List.of(0L), 33, r, ulps);
      }
    }
  }

  @Test
  void everyBinaryOp() {
    Random r = new Random(2);
    for (DType t : DType.values()) {
      for (BinaryOp op : BinaryOp.values()) {
        boolean ok = switch (op) {
          case POW -> t.isFloating();
          case AND, OR, XOR -> !t.isFloating();
          case SHL, SHR -> t == DType.I32 || t == DType.I64;
          case DIV, REM, SUB, MUL, ADD -> t != DType.BOOL;
          default -> true;
        };
        if (ok) {
          Expr.Builder b = Expr.builder();
          Expr e = b.build(List.of(b.binary(op, b.input(0, t), b.input(1, t))));
          check(e, List.of(t, t), List.of(1L, 1L), 207, r, op == BinaryOp.POW ? 4 : 0);
          check(e, List.of(t, t), List.of(1L, 0L), 35, r, op == BinaryOp.POW ? 4 : 0);
          check(e, List.of(t, t), List.of(-1L, 3L), 17, r, op == BinaryOp.POW ? 4 : 0);
        }
      }
    }
  }

  @Test
  void everyCast() {
    Random r = new Random(3);
    for (DType from : DType.values()) {
      for (DType to : DType.values()) {
        Expr.Builder b = Expr.builder();
        Expr e = b.build(List.of(b.cast(b.input(0, from), to)));
        check(e, List.of(from), List.of(1L), 207, r, 0);
      }
    }
  }

  /** A random expression of exactly rounded operations. */
  static Expr exact(Random r, List<DType> types, int size, boolean index) {
    Expr.Builder b = Expr.builder();
    List<Integer> nodes = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      nodes.add(b.input(i, types.get(i)));
    }
    if (index) {
      nodes.add(b.add(new Expr.Index(0)));
      nodes.add(b.add(new Expr.Index(1)));
    }
    for (DType t : types) {
      nodes.add(b.constant(t, t == DType.BOOL ? r.nextInt(2) : t == DType.U8 ? r.nextInt(256) : r.nextInt(7) - 3));
    }
    while (nodes.size() < size) {
      int a = nodes.get(r.nextInt(nodes.size()));
      DType t = b.type(a);
      List<Integer> same = nodes.stream().filter(n -> b.type(n) == t).toList();
      List<Integer> bools = nodes.stream().filter(n -> b.type(n) == DType.BOOL).toList();
      int second = same.get(r.nextInt(same.size()));
      switch (r.nextInt(6)) {
        case 0 -> nodes.add(b.unary(t == DType.BOOL ? UnaryOp.NOT : r.nextBoolean() ? UnaryOp.NEG : UnaryOp.ABS, a));
        case 1 -> nodes.add(b.cast(a, types.get(r.nextInt(types.size()))));
        case 2 -> {
          if (!bools.isEmpty()) {
            nodes.add(b.select(bools.get(r.nextInt(bools.size())), a, second));
          }
        }
        case 3 -> {
          BinaryOp[] ops = {BinaryOp.LT, BinaryOp.LE, BinaryOp.GT, BinaryOp.GE, BinaryOp.EQ, BinaryOp.NE};
          nodes.add(b.binary(ops[r.nextInt(6)], a, second));
        }
        default -> {
          BinaryOp[] ops = t == DType.BOOL
              ? new BinaryOp[]{BinaryOp.AND, BinaryOp.OR, BinaryOp.XOR}
              : new BinaryOp[]{BinaryOp.ADD, BinaryOp.SUB, BinaryOp.MUL, BinaryOp.MAX, BinaryOp.MIN, BinaryOp.DIV};
          nodes.add(b.binary(ops[r.nextInt(ops.length)], a, second));
        }
      }
    }
    return b.build(List.of(nodes.get(nodes.size() - 1), nodes.get(nodes.size() - 2)));
  }

  @Test
  void randomExpressions() {
    Random r = new Random(4);
    List<List<DType>> families = List.of(List.of(DType.F32, DType.F32), List.of(DType.F32, DType.I32, DType.BOOL),
        List.of(DType.F64, DType.I64), List.of(DType.F16, DType.F32), List.of(DType.BF16, DType.U8, DType.BOOL),
        List.of(DType.values()));
    for (int round = 0; round < 300; round++) {
      List<DType> types = families.get(round % families.size());
      Expr e = exact(r, types, 6 + r.nextInt(20), r.nextBoolean());
      List<Long> strides = types.stream().map(t -> r.nextInt(4) == 0 ? 0L : r.nextInt(8) == 0 ? 2L : 1L).toList();
      int[] sizes = {1, 3, 13, 16, 17, 33, 67};
      check(e, types, strides, sizes[r.nextInt(sizes.length)], r, 0);
    }
  }

  @Test
  void largeExpressionsAreSplit() {
    Random r = new Random(6);
    for (List<DType> types : List.of(List.of(DType.F32, DType.F32), List.of(DType.BF16, DType.F32),
        List.of(DType.F64, DType.I64, DType.BOOL))) {
      Expr e = exact(r, types, 1500, true);
      check(e, types, types.stream().map(t -> 1L).toList(), 601, r, 0);
    }
    Expr.Builder b = Expr.builder();
    int v = b.input(0, DType.F32);
    for (int i = 0; i < 40; i++) {
      v = b.unary(UnaryOp.TANH, b.binary(BinaryOp.ADD, v, b.cast(b.add(new Expr.Index(i % 2)), DType.F32)));
    }
    check(b.build(List.of(v)), List.of(DType.F32), List.of(1L), 600, r, 64);
  }

  @Test
  void loopsBecomeHot() throws ReflectiveOperationException, InterruptedException {
    Expr.Builder b = Expr.builder();
    Expr e = b.build(List.of(b.unary(UnaryOp.SIGMOID, b.binary(BinaryOp.SUB, b.input(0, DType.F32),
        b.constant(DType.F32, 0.8125)))));
    Loop loop = LoopCompiler.compile(LoopSpec.of(e, List.of(new LoopSpec.Input(DType.F32, 1)),
        List.of(LoopSpec.store(DType.F32, 1)), List.of(), true));
    if (!(loop instanceof VectorLoop)) {
      return;
    }
    var hot = loop.getClass().getDeclaredField("hot");
    hot.setAccessible(true);
    try (Arena arena = Arena.ofConfined()) {
      long[] a = {arena.allocate(4000, 64).address(), arena.allocate(4000, 64).address()};
      long end = System.nanoTime() + 30_000_000_000L;
      while (!hot.getBoolean(null) && System.nanoTime() < end) {
        loop.run(a, 1000);
        Thread.sleep(1);
      }
      assertTrue(hot.getBoolean(null), "the vector form is in use");
    }
  }

  @Test
  void equalSpecsShareAClass() {
    Expr.Builder a = Expr.builder();
    Expr.Builder b = Expr.builder();
    LoopSpec first = LoopSpec.of(a.build(List.of(a.unary(UnaryOp.EXP, a.input(0, DType.F32)))),
        List.of(new LoopSpec.Input(DType.F32, 1)), List.of(LoopSpec.store(DType.F32, 1)), List.of(), true);
    LoopSpec second = LoopSpec.of(b.build(List.of(b.unary(UnaryOp.EXP, b.input(0, DType.F32)))),
        List.of(new LoopSpec.Input(DType.F32, 1)), List.of(LoopSpec.store(DType.F32, 1)), List.of(), true);
    assertSame(LoopCompiler.compile(first), LoopCompiler.compile(second));
  }

  @Test
  void hotVectorLoopsAllocateNothing() {
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    int y = b.unary(UnaryOp.ERF, b.unary(UnaryOp.TANH, b.unary(UnaryOp.EXP, x)));
    int z = b.unary(UnaryOp.SIGMOID, b.unary(UnaryOp.LOG1P, b.unary(UnaryOp.EXPM1, y)));
    Expr e = b.build(List.of(b.select(b.binary(BinaryOp.LT, x, z), b.binary(BinaryOp.MAX, y, z), y)));
    LoopSpec spec = LoopSpec.of(e, List.of(new LoopSpec.Input(DType.F32, 1)),
        List.of(LoopSpec.store(DType.F32, 1)), List.of(), true);
    Loop loop = vector(LoopCompiler.compile(spec));
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Arena arena = Arena.ofConfined()) {
      int n = 1000;
      long[] a = {arena.allocate(4L * n, 64).address(), arena.allocate(4L * n, 64).address()};
      long least = Long.MAX_VALUE;
      long end = System.nanoTime() + 10_000_000_000L;
      while (least > 0 && System.nanoTime() < end) {
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 100; i++) {
          loop.run(a, n);
        }
        least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      }
      assertEquals(0, least, "bytes that 100 runs of a compiled loop allocate");
    }
  }
}
