package org.lathe.hal.expr;

import org.lathe.hal.DType;

/**
 * An associative combination of many values into one.
 *
 * <p>A backend may combine in any order, but in the same order every time. {@code MAX} and {@code MIN} give NaN when
 * any value is NaN. {@code SUM} and {@code PRODUCT} are of numbers; on bool, {@code MAX} is "any" and {@code MIN} is
 * "all".
 */
public enum Combiner {
  SUM, PRODUCT, MAX, MIN,
  /** The i32 index of the first maximum; the first NaN counts as the maximum. */
  ARGMAX,
  /** The i32 index of the first minimum; the first NaN counts as the minimum. */
  ARGMIN;

  /** The type of the result for elements of {@code type}. */
  public DType resultType(DType type) {
    return this == ARGMAX || this == ARGMIN ? DType.I32 : type;
  }

  /**
   * The value of an empty combination, as a double: 0, 1, -inf, +inf; index combiners give 0. The
   * infinities stand for the least and the greatest value of an integer type, and for false and true.
   */
  public double identity() {
    return switch (this) {
      case SUM, ARGMAX, ARGMIN -> 0;
      case PRODUCT -> 1;
      case MAX -> Double.NEGATIVE_INFINITY;
      case MIN -> Double.POSITIVE_INFINITY;
    };
  }
}
