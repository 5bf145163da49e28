package org.lathe.hal.expr;

/**
 * Functions of one operand. Transcendental functions follow {@link Math}; their error is bounded by the tolerance of the op
 * that uses them. On floating types only, except that {@code NEG}, {@code ABS} and {@code SIGN} take integers too.
 */
public enum UnaryOp {
  /** Negation; wraps for integers. */
  NEG, ABS,
  /** -1, 0 or 1; NaN for NaN. */
  SIGN,
  /** 1/x; floating only. */
  RECIPROCAL, SQRT,
  /** 1/sqrt(x). */
  RSQRT, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH,
  /** 1/(1+exp(-x)), without overflow. */
  SIGMOID,
  /** The Gauss error function. */
  ERF, FLOOR, CEIL,
  /** To the nearest integer, ties to even. */
  ROUND,
  /** Logical not; bool to bool. */
  NOT,
  /** Floating to bool. */
  IS_NAN,
  /** Floating to bool. */
  IS_FINITE
}
