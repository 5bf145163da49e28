package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/**
 * The pointwise part of recurrent cells, over planes: dense runs of {@code n} elements, n a multiple of {@link
 * TileProducts#span}. Addresses are absolute. Planes named together lie {@code plane} bytes apart. The equations are
 * those of {@link org.lathe.hal.spec.Recurrence}.
 */
interface CellMath {
  void sigmoid(long x, int n);

  /** {@code y = tanh(x)}; y may be x. */
  void tanh(long x, long y, int n);

  /** {@code x = x + y}. */
  void add(long x, long y, int n);

  /** {@code x = x * y}. */
  void scale(long x, long y, int n);

  /** LSTM: {@code c = f c + i g}. The planes i, f, g begin at {@code gates}. */
  void lstmCell(long gates, long plane, long c, int n);

  /** GRU: {@code x = pn + r un}; the planes r, z, pn, un begin at {@code gates}, and x takes the place of pn. */
  void gruCandidate(long gates, long plane, int n);

  /** GRU: {@code h = (1 - z) n + z h}; the planes r, z, n begin at {@code gates}. */
  void gruState(long gates, long plane, long h, int n);

  /**
   * LSTM: from the gradients dh and dc at one step, the gradients of zi, zf, zg, zo in the place of the gates i, f, g,
   * o, and in the place of dc the gradient of the cell before.
   *
   * @param tanhC the tanh of the cell
   */
  void lstmBackward(long gates, long plane, long tanhC, long cellBefore, long dh, long dc, int n);

  /**
   * GRU: from the gradient dh at one step, the gradients of pr, pz, pn, un in the place of r, z, n, un, and in the place
   * of dh the part of the gradient of the state before that does not pass the product.
   */
  void gruBackward(long gates, long plane, long stateBefore, long dh, int n);

  /** PLAIN: the gradient of z in the place of the state. */
  void plainBackward(long state, long dh, int n);

  /** The form for f32 or f64: vectors for f32 where the Vector API is there. */
  static CellMath of(DType dtype) {
    return dtype == DType.F32 && Simd.PRESENT ? new VectorCellMath() : new ScalarCellMath(dtype);
  }
}
