package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.View;
import org.lathe.reference.Elements;

class MapKernelTest {
  @BeforeAll
  static void useVectorForms() {
    LoopCompiler.eager = true;
  }

  /** A view with a random order of dimensions, broadcasts, reversals, gaps, an offset and perhaps a guard. */
  static View randomView(Random r, DType type, Dims space, boolean output, boolean guard) {
    int rank = space.rank();
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      order.add(d);
    }
    if (r.nextBoolean()) {
      Collections.shuffle(order, r);
    }
    long[] strides = new long[rank];
    long offset = r.nextInt(4);
    long step = r.nextInt(8) == 0 ? 2 : 1;
    for (int i = rank - 1; i >= 0; i--) {
      int d = order.get(i);
      if (!output && r.nextInt(5) == 0) {
        continue;
      }
      boolean reversed = r.nextInt(6) == 0;
      strides[d] = reversed ? -step : step;
      offset += reversed ? step * (space.get(d) - 1) : 0;
      step *= space.get(d) + (r.nextInt(6) == 0 ? 3 : 0);
    }
    View.@Nullable Guard g = null;
    if (guard) {
      long[] low = new long[rank];
      long[] high = new long[rank];
      for (int d = 0; d < rank; d++) {
        low[d] = r.nextInt(3) == 0 ? r.nextInt((int) space.get(d) + 1) : 0;
        high[d] = r.nextInt(3) == 0 ? low[d] + r.nextInt((int) (space.get(d) - low[d]) + 1) : space.get(d);
      }
      g = new View.Guard(Dims.of(low), Dims.of(high), type == DType.BOOL || type == DType.U8 ? 1 : -2.5);
    }
    return new View(type, offset, Dims.of(strides), g);
  }

  static long allocate(Arena arena, DType t, long elements, @Nullable Random r) {
    long at = arena.allocate((elements + 8) * t.bytes(), 64).address();
    for (long i = 0; i < elements + 8; i++) {
      if (r == null) {
        Memory.fill(at + i * t.bytes(), t.bytes(), (byte) 0x3c);
      } else {
        At.store(t, at + i * t.bytes(), LoopCompilerTest.random(t, r));
      }
    }
    return at;
  }

  /** Values of every kind, special ones among them, for each operand. */
  static List<Elements> random(List<Operand> operands, Random r) {
    List<Elements> all = Elements.poisoned(operands);
    for (Elements e : all) {
      for (long i = 0; i < e.size(); i++) {
        e.set(i, LoopCompilerTest.random(e.dtype(), r));
      }
    }
    return all;
  }

  private static void check(Map map, Random r) {
    KernelCheck.exact(MapKernel.of(map), map, random(map.inputs(), r));
  }

  @Test
  void randomNests() {
    Random r = new Random(11);
    int[] sizes = {1, 1, 2, 3, 5, 13, 17, 33, 40};
    List<List<DType>> families = List.of(List.of(DType.F32, DType.F32), List.of(DType.F32, DType.I32, DType.BOOL),
        List.of(DType.F64, DType.I64), List.of(DType.F16, DType.U8), List.of(DType.BF16, DType.F32));
    for (int round = 0; round < 250; round++) {
      int rank = r.nextInt(5);
      long[] dims = new long[rank];
      long points = 1;
      for (int d = 0; d < rank; d++) {
        dims[d] = points > 3000 ? r.nextInt(3) : sizes[r.nextInt(sizes.length)];
        points *= dims[d];
      }
      Dims space = Dims.of(dims);
      List<DType> types = families.get(round % families.size());
      Expr e = LoopCompilerTest.exact(r, types, 5 + r.nextInt(12), rank >= 2 && r.nextBoolean());
      List<View> in = types.stream().map(t -> randomView(r, t, space, false, r.nextInt(3) == 0)).toList();
      List<View> out = new ArrayList<>();
      for (int j = 0; j < e.results().size(); j++) {
        out.add(randomView(r, e.resultType(j), space, true, false));
      }
      check(new Map(space, in, e, out), r);
    }
  }

  @Test
  void transposesOfEveryType() {
    Random r = new Random(12);
    for (DType t : DType.values()) {
      for (int[] shape : new int[][]{{3, 5}, {207, 33}, {130, 64}}) {
        Dims space = Dims.of(shape[0], shape[1]);
        check(new Map(space, List.of(View.of(t, 1, shape[0])), Expr.identity(t), List.of(View.dense(t, space))), r);
        check(new Map(space, List.of(View.dense(t, space)), Expr.identity(t), List.of(View.of(t, 1, shape[0]))), r);
      }
    }
  }

  /** Short lines that are only copied, as where attention takes its heads apart: one input to one output, or several. */
  @ParameterizedTest
  @CsvSource({"3, 7, 5, 16", "2, 70, 4, 20", "1, 3, 2, 7", "2, 5, 3, 300"})
  void headsTakenApart(long batch, long steps, long heads, long width) {
    Random r = new Random(15);
    Dims space = Dims.of(batch, heads, steps, width);
    List<View> in = new ArrayList<>();
    for (int part = 0; part < 3; part++) {
      in.add(new View(DType.F32, part * heads * width,
          Dims.of(3 * steps * heads * width, width, 3 * heads * width, 1), null));
    }
    View dense = View.dense(DType.F32, space);
    check(new Map(space, in.subList(1, 2), Expr.identity(DType.F32), List.of(dense)), r);
    check(new Map(space, List.of(dense), Expr.identity(DType.F32), in.subList(2, 3)), r);
    Expr.Builder b = Expr.builder();
    int[] parts = {b.input(0, DType.F32), b.input(1, DType.F32), b.input(2, DType.F32)};
    check(new Map(space, in, b.build(List.of(parts[2], parts[0], parts[1], parts[0])), Collections.nCopies(4, dense)),
        r);
  }

  @Test
  void paddingOfAnImage() {
    Random r = new Random(13);
    Dims space = Dims.of(2, 3, 9, 11);
    View in = new View(DType.F32, -(1 * 8 + 2), Dims.of(3 * 7 * 8, 7 * 8, 8, 1),
        new View.Guard(Dims.of(0, 0, 1, 2), Dims.of(2, 3, 8, 10), 0));
    Expr.Builder b = Expr.builder();
    Expr e = b.build(List.of(b.unary(UnaryOp.NEG, b.input(0, DType.F32))));
    check(new Map(space, List.of(in), e, List.of(View.dense(DType.F32, space))), r);
  }

  @Test
  void inPlaceAndManyLines() {
    Random r = new Random(14);
    Dims space = Dims.of(70_001);
    Expr.Builder b = Expr.builder();
    int x = b.input(0, DType.F32);
    Expr e = b.build(List.of(b.binary(BinaryOp.ADD, x, b.input(1, DType.F32)), b.binary(BinaryOp.MUL, x, x)));
    Map map = new Map(space, List.of(View.dense(DType.F32, space), View.of(DType.F32, 0)), e,
        List.of(View.dense(DType.F32, space), View.dense(DType.F32, space)));
    check(map, r);
    try (Arena arena = Arena.ofShared()) {
      long a = allocate(arena, DType.F32, 70_001, r);
      long c = allocate(arena, DType.F32, 1, r);
      long out = allocate(arena, DType.F32, 70_001, null);
      Memory.putFloat(c, 0.5f);
      float[] before = new float[70_001];
      for (int i = 0; i < before.length; i++) {
        before[i] = Memory.getFloat(a + 4L * i);
      }
      TestRun.run(MapKernel.of(map), new long[]{a, c, a, out}, 2);
      for (int i = 0; i < before.length; i++) {
        assertEquals(before[i] + 0.5f, Memory.getFloat(a + 4L * i));
        assertEquals(before[i] * before[i], Memory.getFloat(out + 4L * i));
      }
    }
  }
}
