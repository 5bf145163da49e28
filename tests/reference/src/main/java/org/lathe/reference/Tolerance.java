package org.lathe.reference;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.spec.KernelSpec;

/**
 * How far a result may be from the reference: {@code bound * (1 + |expected|)}. Integers and bools must be equal.
 *
 * @param bound for operands of about the size of 1, as {@link Samples} gives them
 */
public record Tolerance(double bound) {
  public static final Tolerance EXACT = new Tolerance(0);
  /** Units in the last place that a function such as exp or pow may be off, with what its operands add. */
  private static final int FUNCTIONS = 32;

  /** For results of {@code type} that are sums of so many products: it grows with the length, for every order of adding. */
  public static Tolerance of(DType type, long terms) {
    double epsilon = switch (type) {
      case F64 -> 0x1p-52;
      case F32 -> 0x1p-23;
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      default -> 0;
    };
    double compute = type.compute() == DType.F32 ? 0x1p-23 : epsilon;
    return new Tolerance(Scalar.isHalf(type) ? epsilon + compute * (FUNCTIONS + terms) : epsilon * (FUNCTIONS + terms));
  }

  /** For the results of a kernel. */
  public static Tolerance of(KernelSpec spec, DType result) {
    return of(result, SpecReference.terms(spec));
  }

  /** Whether {@code found} is near enough: a NaN for a NaN, an infinity for the same infinity. */
  public boolean accepts(double expected, double found) {
    return Double.isNaN(expected) || Double.isInfinite(expected)
        ? Double.compare(expected, found) == 0
        : Math.abs(expected - found) <= bound * (1 + Math.abs(expected));
  }

  /**
   * Compares all outputs of a kernel, elements that no view touches included.
   *
   * @throws AssertionError naming {@code what}, the first element that differs, and how many do
   */
  public static void check(String what, KernelSpec spec, List<Elements> expected, List<Elements> found) {
    for (int j = 0; j < expected.size(); j++) {
      of(spec, expected.get(j).dtype()).check(what + ", output " + j, expected.get(j), found.get(j));
    }
  }

  /**
   * @throws AssertionError naming {@code what}, the first element that differs, and how many do
   */
  public void check(String what, Elements expected, Elements found) {
    if (expected.size() != found.size() || expected.dtype() != found.dtype()) {
      throw new AssertionError(what + ": " + found.size() + " elements of " + found.dtype() + ", not "
          + expected.size() + " of " + expected.dtype());
    }
    long first = -1;
    long wrong = 0;
    for (long i = 0; i < expected.size(); i++) {
      boolean same = expected.dtype().isFloating()
          ? accepts(expected.real(i), found.real(i))
          : expected.get(i).equals(found.get(i));
      if (!same) {
        first = first < 0 ? i : first;
        wrong++;
      }
    }
    if (wrong > 0) {
      throw new AssertionError(what + ", element " + first + ": expected " + show(expected, first) + ", found "
          + show(found, first) + " (" + wrong + " of " + expected.size() + " differ, tolerance " + bound + ")");
    }
  }

  private static String show(Elements e, long i) {
    Scalar s = e.get(i);
    return e.dtype().isFloating() ? Double.toString(s.real()) : Long.toString(s.whole());
  }
}
