package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** The pointwise part of attention, over dense rows. Addresses are absolute. */
interface ScoreMath {
  /** How many elements past the end of a row of scores may be overwritten. */
  int slack();

  /** Sets the element at an address. */
  void put(long address, double value);

  /**
   * Whether none of {@code n} elements is infinite or NaN.
   *
   * @param n a multiple of {@link TileProducts#span}
   * @param spare 64 bytes or one vector that may be overwritten
   */
  boolean finite(long x, int n, long spare);

  /** {@code x = x * factor}. */
  void scale(long x, double factor, int n);

  /** {@code x[i] = x[i] + y[i]}; the elements of y are {@code yStep} bytes apart. */
  void addSteps(long x, long y, long yStep, int n);

  /** The sum of products of {@code n} elements that are the given steps apart. */
  double dot(long x, long xStep, long y, long yStep, int n);

  /** How many elements the running state of one query takes, a multiple of 64 bytes. */
  int stateElements();

  /** Makes the states of {@code n} queries that have seen no key. */
  void begin(long states, int n);

  /**
   * One step of the online softmax of {@code rows} queries: for each, with m its largest score so far, replaces the scores
   * by {@code exp(score - m)}, adds these to the state's sum, and scales that sum and the {@code columns} elements of its
   * row of {@code out} to the new m first. A score of NaN makes its own weight and the sum NaN.
   *
   * @param seen how many scores the first query sees, not yet clamped between 0 and {@code total}
   * @param more how many more each next one sees, 0 or 1
   * @param total up to here the weights that a query does not see are 0; less than what it sees plus the rows of a
   *     register tile; up to {@link #slack} elements after it are overwritten
   */
  void softmax(
      long scores, long scoreRow, int seen, int more, int total, long states, long out, long outRow, int columns,
      int rows);

  /**
   * After the last tile: divides the {@code columns} elements of each row of {@code out} by the sum of its weights, and
   * writes {@code maximum + log(sum)} of {@code rows} queries to adjacent elements. Where all scores are -inf the row is
   * multiplied by 0, and the log-sum is -inf.
   */
  void finish(long states, long out, long outRow, int columns, long logSums, int rows);

  /**
   * From scores and the gradients of the probabilities of {@code rows} queries: the probabilities {@code p = exp(score -
   * logSum)} in the place of the scores, and {@code p (gradient - delta) scale} in the place of the gradients; both 0 for
   * keys that a query does not see, up to {@code total}. Up to {@link #slack} elements after {@code total} are
   * overwritten.
   *
   * @param seen how many scores the first query sees, not yet clamped between 0 and {@code total}
   * @param more how many more each next one sees, 0 or 1
   * @param logSums one for each query, adjacent, as are the deltas
   */
  void probabilities(
      long scores, long gradients, long scoreRow, int seen, int more, int total, long logSums, long deltas,
      double scale, int rows);

  /** How many of {@code total} scores the query of row {@code row} sees. */
  static int seen(long seen, long more, int row, int total) {
    return (int) Math.max(0, Math.min(total, seen + row * more));
  }

  /** The form for f32 or f64: vectors for f32 where the Vector API is there. */
  static ScoreMath of(DType dtype) {
    return dtype == DType.F32 && Simd.PRESENT ? new VectorScoreMath() : new ScalarScoreMath(dtype);
  }
}
