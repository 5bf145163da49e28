package org.lathe.reference;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;

/** What a combiner made of the values so far: reals in float64, integers wrapping. */
public final class Combination {
  private final Combiner combiner;
  private final DType type;
  private Scalar value;
  /** Of an index combiner: the best value so far. */
  private @Nullable Scalar best;
  private long count;

  /** An empty combination of values of {@code type}: the combiner's identity. */
  public Combination(Combiner combiner, DType type) {
    this.combiner = combiner;
    this.type = type.compute();
    value = type.isFloating() && !isIndex()
        ? Scalar.real(combiner.identity())
        : new Scalar(0, identity(combiner, type));
  }

  private boolean isIndex() {
    return combiner == Combiner.ARGMAX || combiner == Combiner.ARGMIN;
  }

  private static long identity(Combiner combiner, DType type) {
    return switch (combiner) {
      case SUM, ARGMAX, ARGMIN -> 0;
      case PRODUCT -> 1;
      case MAX -> type == DType.I64 ? Long.MIN_VALUE : type == DType.I32 ? Integer.MIN_VALUE : 0;
      case MIN -> switch (type) {
        case I64 -> Long.MAX_VALUE;
        case I32 -> Integer.MAX_VALUE;
        case U8 -> 255;
        default -> 1;
      };
    };
  }

  public void add(Scalar x) {
    double a = value.real();
    double b = x.real();
    long m = value.whole();
    long n = x.whole();
    value = switch (combiner) {
      case SUM -> combined(a + b, m + n);
      case PRODUCT -> combined(a * b, m * n);
      case MAX -> combined(Math.max(a, b), Math.max(m, n));
      case MIN -> combined(Math.min(a, b), Math.min(m, n));
      case ARGMAX, ARGMIN -> {
        Scalar old = best;
        boolean better = old == null || isBetter(x, old);
        best = better ? x : old;
        yield better ? new Scalar(0, count) : value;
      }
    };
    count++;
  }

  private Scalar combined(double real, long whole) {
    return type.isFloating() ? Scalar.real(real) : Scalar.of(type, whole);
  }

  private boolean isBetter(Scalar x, Scalar old) {
    boolean up = combiner == Combiner.ARGMAX;
    if (!type.isFloating()) {
      return up ? x.whole() > old.whole() : x.whole() < old.whole();
    }
    return !Double.isNaN(old.real())
        && (Double.isNaN(x.real()) || (up ? x.real() > old.real() : x.real() < old.real()));
  }

  /** The combination; of an index combiner the position, counted in additions. */
  public Scalar value() {
    return value;
  }
}
