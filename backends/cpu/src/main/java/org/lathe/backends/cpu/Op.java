package org.lathe.backends.cpu;

/**
 * The operations of a lowered loop body. Each is exact or correctly rounded in Java, so the scalar and the vector form
 * of a body give the same bits.
 */
enum Op {
  /** Input {@code imm}, widened to the kind of the instruction: 8- and 16-bit elements are zero-extended to i32. */
  INPUT,
  /** A constant: {@code imm} holds the value, or the raw bits of a float or double. */
  CONST,
  /** Index slot {@code imm}. */
  INDEX, ADD, SUB, MUL, DIV, MAX, MIN, AND, OR, XOR,
  /** Shifts; the second operand is an i32 constant or a value of the same kind. */
  SHL, SHR, SAR, LT, LE, EQ, NE, NEG, ABS, SQRT, NOT,
  /** a * b + c, rounded once. */
  FMA,
  /** a ? b : c. */
  SELECT,
  /** As a Java cast from the kind of a. */
  CONVERT,
  /** The bits of a float as an int. */
  BITS,
  /** The float of an int's bits. */
  FROM_BITS,
  /** A method of {@link ScalarMath} named {@code name}; only scalar loops have it. */
  CALL
}
