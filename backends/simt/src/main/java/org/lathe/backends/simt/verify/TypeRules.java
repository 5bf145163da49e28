package org.lathe.backends.simt.verify;

import java.util.List;
import java.util.Optional;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Type;
import org.lathe.backends.simt.ir.Value;
import org.lathe.hal.DType;
import org.lathe.hal.expr.BinaryOp;
import org.lathe.hal.expr.UnaryOp;

/** The types that each kind of value and statement takes and gives. */
final class TypeRules {
  private TypeRules() {}

  /** Why the value is not legal on its operands, whose own types are taken as they say; empty if it is. */
  static Optional<String> complaint(Value value) {
    boolean legal = switch (value) {
      case Value.Constant c -> fits(c);
      case Value.Lanes l -> true;
      case Value.Id i -> i.axis() >= 0 && i.axis() < 3;
      case Value.Argument a -> true;
      case Value.Read r -> true;
      case Value.Load l -> isIndex(l.index().type());
      case Value.Unary u -> unary(u.op(), u.a().type(), u.type());
      case Value.Binary b -> binary(b);
      case Value.MultiplyAdd(Value a, Value b, Value c) ->
        a.type().dtype().isFloating() && a.type().equals(b.type()) && a.type().equals(c.type());
      case Value.Select(Value condition, Value a, Value b) ->
        condition.type().equals(a.type().withDtype(DType.BOOL)) && a.type().equals(b.type());
      case Value.Cast c -> c.to().compute() == c.to();
      case Value.Bits(Value a, DType to) ->
        a.type().dtype().bytes() == to.bytes() && a.type().dtype().isFloating() != to.isFloating() && to.bytes() >= 4;
      case Value.Splat(Value a, int lanes) -> a.type().isScalar() && lanes > 1;
      case Value.Lane(Value a, int lane) -> lane >= 0 && lane < a.type().lanes();
      case Value.Join(List<Value> parts) -> parts.size() > 1
          && parts.stream().allMatch(p -> p.type().isScalar() && p.type().equals(parts.getFirst().type()));
    };
    return legal
        ? Optional.empty()
        : Optional.of(value + " is not legal on operands of " + value.operands().stream().map(Value::type).toList());
  }

  private static boolean fits(Value.Constant c) {
    return switch (c.type().dtype()) {
      case BOOL -> c.bits() == 0 || c.bits() == 1;
      case U8 -> c.bits() >= 0 && c.bits() <= 255;
      case I32 -> c.bits() == (int) c.bits();
      case I64, F32, F64 -> true;
      case F16, BF16 -> false;
    };
  }

  static boolean isIndex(Type t) {
    return t.equals(Type.I32) || t.equals(Type.I64);
  }

  private static boolean unary(UnaryOp op, Type a, Type result) {
    boolean floating = a.dtype().isFloating();
    return switch (op) {
      case NOT -> a.dtype() == DType.BOOL && result.equals(a);
      case IS_NAN, IS_FINITE -> floating && result.equals(a.withDtype(DType.BOOL));
      case NEG, ABS, SIGN -> a.dtype() != DType.BOOL && result.equals(a);
      case RECIPROCAL, SQRT, RSQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND ->
        floating && result.equals(a);
    };
  }

  private static boolean binary(Value.Binary v) {
    BinaryOp op = v.op();
    Type a = v.a().type();
    DType dtype = a.dtype();
    if (!a.equals(v.b().type()) || !v.type().equals(op.isComparison() ? a.withDtype(DType.BOOL) : a)) {
      return false;
    }
    return switch (op) {
      case ADD, SUB, MUL, DIV, REM -> dtype != DType.BOOL;
      case POW -> dtype.isFloating();
      case AND, OR, XOR -> !dtype.isFloating();
      case SHL, SHR -> dtype == DType.I32 || dtype == DType.I64;
      case MAX, MIN, LT, LE, GT, GE, EQ, NE -> true;
    };
  }

  /** Whether a memory takes such values. */
  static boolean stores(Memory memory, Type value) {
    return value.dtype() == memory.dtype().compute();
  }
}
