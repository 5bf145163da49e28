package org.lathe.backends.simt;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.expr.UnaryOp;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

class MapPlansTest {
  @ParameterizedTest
  @EnumSource
  void transposesReversesAndGuardsOfEveryType(DType t) {
    for (int[] s : new int[][]{{1, 1}, {3, 5}, {17, 33}, {0, 4}, {207, 3}}) {
      Dims space = Dims.of(s[0], s[1]);
      View dense = View.dense(t, space);
      View across = View.of(t, 1, Math.max(1, s[0]));
      PlanCheck.check(new Map(space, List.of(across), Expr.identity(t), List.of(dense)));
      PlanCheck.check(new Map(space, List.of(dense), Expr.identity(t), List.of(across)));
      View back = new View(t, Math.max(0, s[1] - 1) + 2, Dims.of(s[1] + 1, -1), null);
      PlanCheck.check(new Map(space, List.of(back), Expr.identity(t), List.of(dense)));
      View cut = new View(t, -1, Dims.of(s[1], 1),
          new View.Guard(Dims.of(0, 1), Dims.of(s[0], Math.max(1, s[1] - 1)), 1));
      PlanCheck.check(new Map(space, List.of(cut), Expr.identity(t), List.of(dense)));
    }
  }

  /** The permutation of the dimensions, broadcasts, reversals and gaps are random. */
  static View view(Random r, DType type, Dims space, boolean output) {
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < space.rank(); d++) {
      order.add(d);
    }
    if (r.nextBoolean()) {
      Collections.shuffle(order, r);
    }
    long[] strides = new long[space.rank()];
    long offset = r.nextInt(4);
    long step = r.nextInt(8) == 0 ? 2 : 1;
    for (int d : order.reversed()) {
      if (!output && r.nextInt(5) == 0) {
        continue;
      }
      boolean reversed = r.nextInt(6) == 0 && space.get(d) > 0;
      strides[d] = reversed ? -step : step;
      offset += reversed ? step * (space.get(d) - 1) : 0;
      step *= Math.max(1, space.get(d)) + (r.nextInt(6) == 0 ? 3 : 0);
    }
    return new View(type, offset, Dims.of(strides), null);
  }

  @Test
  void randomNestsOfSeveralOperands() {
    Random r = new Random();
    long[] sizes = {1, 1, 2, 3, 5, 13, 17};
    for (int round = 0; round < 25; round++) {
      Dims space = Dims.filled(r.nextInt(5), 0).map(_ -> sizes[r.nextInt(sizes.length)]);
      if (space.product() > 3000) {
        continue;
      }
      Expr.Builder b = Expr.builder();
      int x = b.input(0, DType.F32);
      int n = b.cast(b.input(1, DType.I32), DType.F32);
      int sum = b.binary(BinaryOp.ADD, x, b.binary(BinaryOp.MUL, n, b.constant(DType.F32, 0.25)));
      int index = space.rank() == 0 ? n : b.cast(b.add(new Expr.Index(r.nextInt(space.rank()))), DType.F32);
      int chosen = b.select(b.binary(BinaryOp.LT, x, b.constant(DType.F32, 0)), index, b.unary(UnaryOp.TANH, sum));
      Expr e = b.build(List.of(chosen, b.cast(sum, DType.BF16), b.cast(sum, DType.U8)));
      PlanCheck.check(new Map(space,
          List.of(view(r, DType.F32, space, false), view(r, DType.I32, space, false)), e,
          List.of(view(r, DType.F32, space, true), view(r, DType.BF16, space, true), view(r, DType.U8, space, true))));
    }
  }

  @Test
  void halvesRoundWhenTheyAreCast() {
    for (DType half : List.of(DType.F16, DType.BF16)) {
      Dims space = Dims.of(207);
      Expr.Builder b = Expr.builder();
      int product = b.binary(BinaryOp.MUL, b.input(0, half), b.input(1, half));
      int sum = b.binary(BinaryOp.ADD, product, b.constant(half, 0.1));
      Expr e = b.build(List.of(b.cast(sum, DType.F32), sum, b.cast(b.input(2, DType.F32), half)));
      PlanCheck.check(new Map(space, List.of(View.dense(half, space), View.dense(half, space),
          View.dense(DType.F32, space)), e,
          List.of(View.dense(DType.F32, space), View.dense(half, space), View.dense(half, space))));
    }
  }
}
