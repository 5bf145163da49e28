package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * The pointwise part of recurrent cells, for {@code n} adjacent units: of one batch row, or of several whose units were
 * copied together. n is a multiple of the lanes of a vector. Addresses are absolute, of the first unit, strides in bytes.
 * What has several gates has one gate's units {@code stateRow} bytes after those of the gate before; only {@code
 * product}, which the register tiles write, has the gates of each vector of units side by side. The equations are those
 * of {@link org.lathe.hal.spec.Recurrence}.
 */
interface CellMath {
  /** {@code h = tanh(projected + product)}. */
  void plain(long product, long projected, long h, int n);

  /**
   * One step of an LSTM.
   *
   * @param product four gates, as are {@code projected} and {@code reserve}, which is written
   * @param before the cell before
   */
  void lstm(long product, long projected, long before, long h, long c, long reserve, long stateRow, int n);

  /**
   * One step of a GRU.
   *
   * @param product three gates, as are {@code projected} and {@code bias}
   * @param before the state before
   * @param reserve r, z, n, un: written
   */
  void gru(long product, long projected, long bias, long before, long h, long reserve, long stateRow, int n);

  /** The gradient of z from the state and the two parts of its gradient. */
  void plainBackward(long state, long gradient, long dh, long dz, int n);

  /**
   * From the gradients of state and cell at one step, the gradients of the four gates, and in the place of {@code dc} the
   * gradient of the cell before.
   *
   * @param gradient what arrives at the state from outside, dh what arrives from the step after
   */
  void lstmBackward(
      long reserve, long cell, long before, long gradient, long dh, long dc, long gates, long stateRow, int n);

  /**
   * From the gradient of the state at one step, the gradients of pr, pz, pn and of ur, uz, un, and in the place of {@code
   * dh} the part of the gradient of the state before that does not pass the product.
   *
   * @param gradient what arrives at the state from outside, dh what arrives from the step after
   */
  void gruBackward(
      long reserve, long before, long gradient, long dh, long dProjected, long dRecurrent, long stateRow, int n);

  /** The form for f32 or f64: vectors for f32 where the Vector API is there. */
  static CellMath of(DType dtype, int lanes) {
    return dtype == DType.F32 && Simd.PRESENT ? new VectorCellMath() : new ScalarCellMath(dtype, lanes);
  }
}
