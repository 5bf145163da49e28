package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** The pointwise part of attention, over dense rows. Addresses are absolute. */
interface ScoreMath {
  /** How many elements past the end of a row of scores may be overwritten. */
  int slack();

  /** The element at an address. */
  double get(long address);

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
   * One step of the online softmax: with m the largest score so far, replaces the scores by {@code exp(score - m)}, adds
   * these to the state's sum, and scales that sum and the {@code columns} elements at {@code out} to the new m first. A
   * score of NaN makes its own weight and the sum NaN.
   *
   * @param n how many scores the query sees; the weights from here to {@code total} are 0
   * @param total less than n plus the rows of a register tile; up to {@link #slack} elements after it are overwritten
   */
  void softmax(long scores, int n, int total, long state, long out, int columns);

  /** The largest score seen; -inf if there was none. */
  double maximum(long state);

  /** The sum of {@code exp(score - maximum)}; 0 if all scores are -inf. */
  double sum(long state);

  /**
   * From scores and the gradients of the probabilities: the probabilities {@code p = exp(score - logSum)} in the place of
   * the scores, and {@code p (gradient - delta) scale} in the place of the gradients; both 0 from {@code n} to {@code
   * total}. Up to {@link #slack} elements after {@code total} are overwritten.
   */
  void probabilities(
      long scores, long gradients, int n, int total, double logSum, double delta, double scale);

  /** The form for f32 or f64: vectors for f32 where the Vector API is there. */
  static ScoreMath of(DType dtype) {
    return dtype == DType.F32 && Simd.PRESENT ? new VectorScoreMath() : new ScalarScoreMath(dtype);
  }
}
