package org.lathe.hal.expr;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;

class ExprTest {
  private final Expr.Builder b = Expr.builder();

  @Test
  void equalNodesHaveOnePosition() {
    int x = b.input(0, DType.F32);
    assertEquals(x, b.input(0, DType.F32));
    int one = b.constant(DType.F32, 1);
    assertEquals(b.binary(BinaryOp.ADD, x, one), b.binary(BinaryOp.ADD, x, one));
    assertNotEquals(b.binary(BinaryOp.SUB, x, one), b.binary(BinaryOp.SUB, one, x));
    assertNotEquals(b.constant(DType.F32, 0.0), b.constant(DType.F32, -0.0));
    assertEquals(b.constant(DType.F32, Double.NaN),
        b.constant(DType.F32, Double.longBitsToDouble(0x7ff8000000000007L)));
    assertEquals(x, b.cast(x, DType.F32), "a cast to the same type is nothing");
  }

  @Test
  void itPrintsAndCounts() {
    int x = b.input(2, DType.F16);
    int y = b.cast(x, DType.F32);
    int less = b.binary(BinaryOp.LT, y, b.constant(DType.F32, -0.5));
    int r = b.select(less, y, b.unary(UnaryOp.EXP, y));
    Expr e = b.build(List.of(r, less));
    assertEquals(
        "{%0 = input.f16 2; %1 = cast.f32 %0; %2 = const.f32 -0.5; %3 = lt.bool %1, %2; %4 = exp.f32 %1; "
            + "%5 = select.f32 %3, %1, %4; yield %5, %3}",
        e.toString());
    assertEquals(3, e.inputCount());
    assertEquals(3, e.operations());
    assertEquals(DType.F32, e.resultType(0));
    assertEquals(DType.BOOL, e.resultType(1));
    assertEquals("{%0 = input.i32 0; yield %0}", Expr.identity(DType.I32).toString());
    assertEquals("{yield}", new Expr(List.of(), List.of()).toString());
    assertEquals(0, new Expr(List.of(), List.of()).inputCount());
  }

  @Test
  void positionsAreInOrder() {
    assertThrows(IllegalArgumentException.class, () -> new Expr(List.of(new Expr.Cast(0, DType.F32)), List.of()));
    assertThrows(IllegalArgumentException.class, () -> new Expr(List.of(), List.of(0)));
    assertThrows(IllegalArgumentException.class, () -> new Expr(List.of(new Expr.Input(-1, DType.F32)), List.of()));
  }

  @Test
  void typesAreChecked() {
    int f = b.input(0, DType.F32);
    int i = b.input(1, DType.I32);
    int t = b.input(2, DType.BOOL);
    int u = b.input(3, DType.U8);
    illegal(b.unary(UnaryOp.EXP, i), "node %4 = exp.i32 %1 is not legal on operands of [i32]");
    illegal(b.unary(UnaryOp.NOT, f), "node %4 = not.f32 %0 is not legal on operands of [f32]");
    for (int node : new int[]{b.unary(UnaryOp.FLOOR, i), b.unary(UnaryOp.NEG, t), b.unary(UnaryOp.IS_NAN, i),
        b.binary(BinaryOp.ADD, t, t),
        b.binary(BinaryOp.POW, i, i), b.binary(BinaryOp.AND, f, f), b.binary(BinaryOp.SHL, u, u), b.select(f, f, f),
        b.select(t, f, i)}) {
      Expr.Node bad = b.node(node);
      assertThrows(IllegalArgumentException.class,
          () -> new Expr(List.of(new Expr.Input(0, DType.F32), new Expr.Input(1, DType.I32),
              new Expr.Input(2, DType.BOOL), new Expr.Input(3, DType.U8), bad), List.of()),
          bad.toString());
    }
    assertThrows(IllegalArgumentException.class, () -> b.binary(BinaryOp.ADD, f, i));
    for (Expr.Constant bad : List.of(new Expr.Constant(DType.BOOL, 2), new Expr.Constant(DType.U8, -1),
        new Expr.Constant(DType.I32, 1L << 31))) {
      assertThrows(IllegalArgumentException.class, () -> new Expr(List.of(bad), List.of()));
    }
  }

  private void illegal(int node, String message) {
    Expr.Node bad = b.node(node);
    assertEquals(message,
        assertThrows(IllegalArgumentException.class,
            () -> new Expr(List.of(new Expr.Input(0, DType.F32), new Expr.Input(1, DType.I32),
                new Expr.Input(2, DType.BOOL), new Expr.Input(3, DType.U8), bad), List.of()))
            .getMessage());
  }

  @Test
  void integersAndBoolHaveTheirOperations() {
    int i = b.input(0, DType.I64);
    int t = b.input(1, DType.BOOL);
    List<Integer> all = List.of(b.unary(UnaryOp.ABS, i), b.binary(BinaryOp.REM, i, i), b.binary(BinaryOp.XOR, i, i),
        b.binary(BinaryOp.SHR, i, i),
        b.unary(UnaryOp.NOT, t), b.binary(BinaryOp.MAX, t, t), b.binary(BinaryOp.OR, t, t), b.binary(BinaryOp.EQ, t, t),
        b.select(t, i, i));
    assertEquals(all.size(), b.build(all).operations());
  }

  @Test
  void everyBinaryOperationSaysWhatItIs() {
    for (BinaryOp op : BinaryOp.values()) {
      assertEquals(List.of(BinaryOp.LT, BinaryOp.LE, BinaryOp.GT, BinaryOp.GE, BinaryOp.EQ, BinaryOp.NE).contains(op),
          op.isComparison());
    }
    assertTrue(BinaryOp.ADD.isCommutative() && !BinaryOp.SUB.isCommutative());
    assertEquals(DType.I32, Combiner.ARGMIN.resultType(DType.F64));
    assertEquals(DType.F64, Combiner.MAX.resultType(DType.F64));
    assertEquals(Double.NEGATIVE_INFINITY, Combiner.MAX.identity());
  }
}
