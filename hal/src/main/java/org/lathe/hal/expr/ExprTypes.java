package org.lathe.hal.expr;

import java.util.List;
import org.lathe.hal.DType;

/** The type rules of expressions. */
final class ExprTypes {
  private ExprTypes() {}

  /** Throws if node {@code i} breaks a rule. Its operands are before it. */
  static void check(List<Expr.Node> nodes, int i) {
    Expr.Node node = nodes.get(i);
    boolean legal = switch (node) {
      case Expr.Input in -> in.index() >= 0;
      case Expr.Index index -> index.dim() >= 0;
      case Expr.Constant c -> holds(c);
      case Expr.Cast _ -> true;
      case Expr.Unary u -> unary(u, nodes.get(u.a()).type());
      case Expr.Binary b -> binary(b, nodes.get(b.a()).type(), nodes.get(b.b()).type());
      case Expr.Select s -> nodes.get(s.condition()).type() == DType.BOOL && nodes.get(s.a()).type() == s.type()
          && nodes.get(s.b()).type() == s.type();
    };
    if (!legal) {
      throw new IllegalArgumentException(
          "node %" + i + " = " + node + " is not legal on operands of "
              + node.operands().stream().map(o -> nodes.get(o).type()).toList());
    }
  }

  private static boolean holds(Expr.Constant c) {
    return switch (c.type()) {
      case BOOL -> c.bits() == 0 || c.bits() == 1;
      case U8 -> c.bits() >= 0 && c.bits() <= 255;
      case I32 -> c.bits() == (int) c.bits();
      case I64, F32, F64, F16, BF16 -> true;
    };
  }

  private static boolean unary(Expr.Unary u, DType a) {
    return switch (u.op()) {
      case NOT -> a == DType.BOOL && u.type() == a;
      case IS_NAN, IS_FINITE -> a.isFloating() && u.type() == DType.BOOL;
      case NEG, ABS, SIGN -> a != DType.BOOL && u.type() == a;
      case RECIPROCAL, SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND -> a
          .isFloating() && u.type() == a;
    };
  }

  private static boolean binary(Expr.Binary b, DType left, DType right) {
    if (left != right || b.type() != (b.op().isComparison() ? DType.BOOL : left)) {
      return false;
    }
    return switch (b.op()) {
      case ADD, SUB, MUL, DIV, REM -> left != DType.BOOL;
      case POW -> left.isFloating();
      case AND, OR, XOR -> !left.isFloating();
      case SHL, SHR -> left == DType.I32 || left == DType.I64;
      case MAX, MIN, LT, LE, GT, GE, EQ, NE -> true;
    };
  }
}
