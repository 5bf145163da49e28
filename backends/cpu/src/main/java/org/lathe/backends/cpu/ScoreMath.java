package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** The pointwise part of attention, over dense rows. Addresses are absolute. */
interface ScoreMath {
  /** How many elements past the end of a row of scores may be overwritten. */
  int slack();

  /** The element at an address. */
  double get(long address);

  /** {@code x = x * factor}. */
  void scale(long x, double factor, int n);

  /** {@code x[i] = x[i] + y[i]}; the elements of y are {@code yStep} bytes apart. */
  void addSteps(long x, long y, long yStep, int n);

  /** The sum of products of {@code n} elements that are the given steps apart. */
  double dot(long x, long xStep, long y, long yStep, int n);

  /** How many elements the running state of one query takes, a multiple of 64 bytes. */
  int stateElements();

  /** Makes the state of a query that has seen no key. */
  void begin(long state);

  /**
   * One step of the online softmax: with m the largest score so far, replaces the scores by {@code exp(score - m)}, adds
   * these to the state's sum, and scales that sum and the {@code columns} elements at {@code out} to the new m first. A
   * score of NaN makes its own weight and the sum NaN.
   *
   * @param n at least 1; up to {@link #slack} elements after the row are overwritten
   */
  void softmax(long scores, int n, long state, long out, int columns);

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
