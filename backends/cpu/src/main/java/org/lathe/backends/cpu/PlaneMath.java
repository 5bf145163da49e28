package org.lathe.backends.cpu;

/**
 * The elementwise steps of {@link PlanePooling}, over dense runs of {@code n} elements of 4 bytes. Addresses are absolute.
 * All forms give the same bits. But for {@link #keys}, up to {@link #SLACK} elements after a run are read and
 * overwritten.
 *
 * <p>Largest means the first of the largest, in the order of the parameters, where the first NaN counts as largest.
 */
interface PlaneMath {
  /** How many elements after a run may be overwritten. */
  int SLACK = 64;

  /** {@code to = largest(a, b, c)}. */
  void max(long a, long b, long c, long to, int n);

  /** {@code to = a + b}. */
  void sum(long a, long b, long to, int n);

  /** {@code to = (a + b) + c}. */
  void sum(long a, long b, long c, long to, int n);

  /** {@code to = a / b}. */
  void divide(long a, long b, long to, int n);

  /**
   * Integers in the order of the elements at {@code from}: equal for zeros of both signs, the largest there is for each
   * NaN, and always larger than the least there is, which stands for what is not there.
   */
  void keys(long from, long to, int n);

  /**
   * The largest of three keys, and the values that go with them, each {@code values} bytes after its key. Keys and values
   * are i32.
   */
  void pick(long a, long b, long c, long to, long values, int n);

  /**
   * Adds to {@code sum} the gradients of those of {@code taps} windows, 1 to 3, that picked an element: of the windows
   * {@code i - taps + 1} to i, in this order, those that hold the number {@code first + i}.
   */
  void route(long picked, long gradient, long sum, long to, long first, int taps, int n);

  /** The vector form once it is compiled, until then the scalar form. */
  static PlaneMath now(boolean vector) {
    return vector ? VectorPlaneMath.now() : ScalarPlaneMath.INSTANCE;
  }
}
