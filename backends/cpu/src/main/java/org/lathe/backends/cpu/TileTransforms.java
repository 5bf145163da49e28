package org.lathe.backends.cpu;

/**
 * The transforms of Winograd's minimal filtering F(4x4, 3x3), on vectors of channels: what takes windows of 6x6 pixels,
 * filters of 3x3 and tiles of 4x4 results to the 36 points at which a convolution is a product, and back.
 *
 * <p>With the matrices A (6x4), B (6x6) and G (6x3), a tile of the result is {@code A' [(G g G') * (B' d B)] A} of a
 * window d and a filter g (* by element, ' transposed); the gradient of the filter is {@code G' [(A y A') * (B' d B)] G}
 * of the gradient y of the tile. See S. Winograd, Arithmetic Complexity of Computations, 1980, and A. Lavin and S. Gray,
 * Fast Algorithms for Convolutional Neural Networks, 2016.
 *
 * <p>Rounding grows with the condition of the matrices. Interpolation at 0, 3/4, -3/4, 3/2, -3/2 and infinity leaves
 * twice the error of a plain sum in f32 (root mean square, 16 to 256 channels of normal numbers); the points 0, 1, -1, 2,
 * -2, infinity, which are usual, leave four times as much. All entries of A and B are exact.
 *
 * <p>A point (i, j) has number {@code 6 * i + j}. Addresses and steps are in bytes unless they are of an array. Temporary
 * memory is of {@link #TEMPORARY} vectors. Implementations give the same bits, and keep no state.
 */
interface TileTransforms {
  /** Results of a tile, in each direction. */
  int TILE = 4;

  /** Pixels of a window, in each direction. */
  int WINDOW = 6;

  int POINTS = WINDOW * WINDOW;

  /** Taps of a filter. */
  int TAPS = 9;

  /** Vectors of temporary memory. */
  int TEMPORARY = POINTS;

  /** The smaller of the finite points, and the larger. */
  float P = 0.75f;

  float Q = 1.5f;
  float P2 = P * P;
  float Q2 = Q * Q;
  float P3 = P2 * P;
  float Q3 = Q2 * Q;
  float P2Q2 = P2 * Q2;
  float MINUS_SUM = -(P2 + Q2);
  /** Rows of G at 0, at the smaller points and at the larger are polynomials times these. */
  float AT_0 = (float) (1 / ((double) P2 * Q2));

  float AT_P = (float) (1 / (2.0 * P2 * ((double) P2 - Q2)));
  float AT_Q = (float) (1 / (2.0 * Q2 * ((double) Q2 - P2)));
  float AT_P1 = (float) (P / (2.0 * P2 * ((double) P2 - Q2)));
  float AT_Q1 = (float) (Q / (2.0 * Q2 * ((double) Q2 - P2)));
  float AT_P2 = (float) (1 / (2 * ((double) P2 - Q2)));
  float AT_Q2 = (float) (1 / (2 * ((double) Q2 - P2)));

  /** Lanes of a vector. */
  int lanes();

  /**
   * {@code B' d B} of one window, for {@code vectors} vectors of channels side by side.
   *
   * @param to point 0, channel 0 is at {@code at}, the next point {@code plane} elements further
   * @param from pixel (0, 0), channel 0
   */
  void input(float[] to, long at, long plane, long from, long rowStep, long columnStep, long temporary, int vectors);

  /**
   * {@code G g G'} of one channel's filters, for {@code vectors} vectors of filters side by side.
   *
   * @param step from one of the nine taps to the next
   */
  void filter(long from, long step, long to, long plane, long temporary, int vectors);

  /** {@code A' m A}: a tile of 4x4 results from its points. */
  void output(long from, long plane, long to, long rowStep, long columnStep, long temporary, int vectors);

  /** {@code A y A'}: the points of a tile of the result's gradient. */
  void gradient(long from, long rowStep, long columnStep, long to, long plane, long temporary, int vectors);

  /** {@code G' s G}: the nine taps of a gradient of filters from sums at the points. */
  void filterGradient(long from, long plane, long to, long step, long temporary, int vectors);

  /** Adds {@code n} elements, a multiple of the lanes, to others. */
  void add(long to, long from, int n);

  /**
   * Adds the plain convolution of one window of 3x3 pixels to a vector of results.
   *
   * @param from pixel (0, 0), channel 0; channels are consecutive
   * @param filters tap 0 of channel 0; the next taps, and then the next channels, are {@code step} bytes apart
   */
  void plain(long from, long rowStep, long columnStep, long filters, long step, long to, int channels);

  /** Whether {@code n} elements, a multiple of the lanes, are all finite. */
  boolean finite(long from, long temporary, int n);

  /** The vector form once that has been compiled, the scalar form until then and where there is no Vector API. */
  static TileTransforms now(boolean vector) {
    return vector
        ? VectorTileTransforms.READY.now() ? VectorTileTransforms.INSTANCE : ScalarTileTransforms.STANDING_IN
        : ScalarTileTransforms.ALONE;
  }
}
