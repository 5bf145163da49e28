package org.lathe.hal.expr;

/** Functions of two operands of one type. Comparisons give bool; all others give the operands' type. */
public enum BinaryOp {
  /** Wraps for integers. Arithmetic is not of bool. */
  ADD, SUB, MUL,
  /** For integers: truncates, and gives 0 where the divisor is 0. */
  DIV,
  /** The remainder with the dividend's sign, as Java's {@code %}; for integers 0 where the divisor is 0. */
  REM,
  /** As {@link Math#pow}; floating only. */
  POW,
  /** NaN if either operand is NaN; -0 is below 0, false below true. */
  MAX,
  /** NaN if either operand is NaN; -0 is below 0, false below true. */
  MIN,
  /** Bitwise for integers, logical for bool. */
  AND, OR, XOR,
  /** Shifts left by the low bits of the second operand, as Java; i32 and i64 only. */
  SHL,
  /** Shifts right filling with zeros, as Java's {@code >>>}; i32 and i64 only. */
  SHR, LT, LE, GT, GE, EQ,
  /** True when either operand is NaN. */
  NE;

  public boolean isComparison() {
    return ordinal() >= LT.ordinal();
  }

  /** Whether both orders of the operands give the same bits. */
  public boolean isCommutative() {
    return switch (this) {
      case ADD, MUL, MAX, MIN, AND, OR, XOR, EQ, NE -> true;
      default -> false;
    };
  }
}
