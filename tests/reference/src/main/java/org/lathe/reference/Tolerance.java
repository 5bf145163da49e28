package org.lathe.reference;

import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.Scatter;

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
    return new Tolerance(Scalar.isHalf(type)
        ? epsilon(type) + epsilon(DType.F32) * (FUNCTIONS + terms)
        : epsilon(type) * (FUNCTIONS + terms));
  }

  private static double epsilon(DType type) {
    return switch (type) {
      case F64 -> 0x1p-52;
      case F32 -> 0x1p-23;
      case F16 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      default -> 0;
    };
  }

  /** For results of {@code type} of a kernel: as coarse as the coarsest type in which it computes. */
  public static Tolerance of(KernelSpec spec, DType type) {
    if (!type.isFloating()) {
      return EXACT;
    }
    long terms = SpecReference.terms(spec);
    // The sum so far may be kept in the table, rounded each time.
    boolean rounds = spec instanceof Scatter && Scalar.isHalf(type);
    double bound = rounds ? epsilon(type) * (1 + terms) : of(type, terms).bound();
    for (Operand o : spec.inputs()) {
      bound = o.dtype().isFloating() ? Math.max(bound, of(o.dtype().compute(), terms).bound()) : bound;
    }
    for (Expr e : SpecReference.expressions(spec)) {
      for (Expr.Node n : e.nodes()) {
        // An input is what it is; a value that is computed in a type, or cast to it, may round to its neighbour.
        DType t = n instanceof Expr.Cast ? n.type() : n.type().compute();
        bound = n.type().isFloating() ? Math.max(bound, of(t, terms).bound()) : bound;
      }
    }
    return new Tolerance(bound);
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
