package org.lathe.backends.simt.verify;

import org.lathe.hal.DType;

/** The integers from {@code low} to {@code high}, both included; none where low is above high. */
record Interval(long low, long high) {
  static final Interval ALL = new Interval(Long.MIN_VALUE, Long.MAX_VALUE);
  static final Interval BOOL = new Interval(0, 1);

  static Interval of(long value) {
    return new Interval(value, value);
  }

  /** All values of an integer type or bool. */
  static Interval of(DType type) {
    return switch (type) {
      case I32 -> new Interval(Integer.MIN_VALUE, Integer.MAX_VALUE);
      case U8 -> new Interval(0, 255);
      case BOOL -> BOOL;
      default -> ALL;
    };
  }

  boolean isEmpty() {
    return low > high;
  }

  /** Whether it reaches where sums and products stop: beyond, 64 bits may have wrapped. */
  boolean isSaturated() {
    return low == Long.MIN_VALUE || high == Long.MAX_VALUE;
  }

  boolean isPoint() {
    return low == high;
  }

  boolean contains(Interval other) {
    return low <= other.low && other.high <= high;
  }

  Interval and(Interval other) {
    return new Interval(Math.max(low, other.low), Math.min(high, other.high));
  }

  Interval or(Interval other) {
    return new Interval(Math.min(low, other.low), Math.max(high, other.high));
  }

  private static long add(long a, long b) {
    long r = a + b;
    return ((a ^ r) & (b ^ r)) < 0 ? (a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE) : r;
  }

  private static long negate(long a) {
    return a == Long.MIN_VALUE ? Long.MAX_VALUE : -a;
  }

  private static long multiply(long a, long b) {
    long high = Math.multiplyHigh(a, b);
    long r = a * b;
    return high == r >> 63 ? r : (a < 0) == (b < 0) ? Long.MAX_VALUE : Long.MIN_VALUE;
  }

  Interval plus(Interval b) {
    return new Interval(add(low, b.low), add(high, b.high));
  }

  Interval minus(Interval b) {
    return plus(b.negated());
  }

  Interval negated() {
    return new Interval(negate(high), negate(low));
  }

  Interval times(Interval b) {
    long p = multiply(low, b.low);
    long q = multiply(low, b.high);
    long r = multiply(high, b.low);
    long s = multiply(high, b.high);
    return new Interval(Math.min(Math.min(p, q), Math.min(r, s)), Math.max(Math.max(p, q), Math.max(r, s)));
  }

  /** The quotients, truncated, by a positive number. */
  Interval dividedBy(long positive) {
    return new Interval(low / positive, high / positive);
  }

  /** The remainders, with the dividend's sign, by a positive number. */
  Interval remainderBy(long positive) {
    if (low >= 0 && low / positive == high / positive) {
      return new Interval(low % positive, high % positive);
    }
    long most = Math.min(positive - 1, Math.max(high, 0));
    return new Interval(low >= 0 ? 0 : Math.max(1 - positive, low), most);
  }

  /** The integers x of which {@code x * positive} is within. */
  Interval factors(long positive) {
    return new Interval(Math.ceilDiv(low, positive), Math.floorDiv(high, positive));
  }

  /** 0 up to all ones as far as the highest bit reaches. */
  Interval allBits() {
    return low < 0 ? ALL : new Interval(0, high == 0 ? 0 : Long.highestOneBit(high) * 2 - 1);
  }
}
