package org.lathe.backends.cpu;

/** {@link TileTransforms} lane by lane. */
final class ScalarTileTransforms implements TileTransforms {
  /** With the lanes that the scalar micro-kernels have. */
  static final TileTransforms ALONE = new ScalarTileTransforms(MicroKernels.lanes(org.lathe.hal.DType.F32, false));

  /** With the lanes of the vector form. */
  static final TileTransforms STANDING_IN = new ScalarTileTransforms(Math.max(1, Simd.LANES));

  private final int lanes;
  private final long vector;

  private ScalarTileTransforms(int lanes) {
    this.lanes = lanes;
    this.vector = 4L * lanes;
  }

  @Override
  public int lanes() {
    return lanes;
  }

  private static float get(long address) {
    return Memory.getFloat(address);
  }

  private static void put(long address, float value) {
    Memory.putFloat(address, value);
  }

  @Override
  public void input(
      float[] to, long at, long plane, long from, long rowStep, long columnStep, long temporary, int vectors) {
    for (int l = 0; l < vectors * lanes; l++) {
      for (int j = 0; j < WINDOW; j++) {
        inputLine(from + j * columnStep + 4L * l, rowStep, temporary + j * vector, WINDOW * vector);
      }
      for (int i = 0; i < WINDOW; i++) {
        inputLine(temporary + i * WINDOW * vector, vector, temporary + i * WINDOW * vector, vector);
        for (int j = 0; j < WINDOW; j++) {
          to[(int) (at + (i * WINDOW + j) * plane + l)] = get(temporary + (i * WINDOW + j) * vector);
        }
      }
    }
  }

  private static void inputLine(long from, long step, long to, long toStep) {
    float d0 = get(from);
    float d1 = get(from + step);
    float d2 = get(from + 2 * step);
    float d3 = get(from + 3 * step);
    float d4 = get(from + 4 * step);
    float d5 = get(from + 5 * step);
    float even = Math.fma(d2, -Q2, d4);
    float odd = Math.fma(d1, -Q2, d3);
    float even2 = Math.fma(d2, -P2, d4);
    float odd2 = Math.fma(d1, -P2, d3);
    put(to, Math.fma(d0, P2Q2, Math.fma(d2, MINUS_SUM, d4)));
    put(to + toStep, Math.fma(odd, P, even));
    put(to + 2 * toStep, Math.fma(odd, -P, even));
    put(to + 3 * toStep, Math.fma(odd2, Q, even2));
    put(to + 4 * toStep, Math.fma(odd2, -Q, even2));
    put(to + 5 * toStep, Math.fma(d1, P2Q2, Math.fma(d3, MINUS_SUM, d5)));
  }

  @Override
  public void filter(long from, long step, long to, long plane, long temporary, int vectors) {
    for (int l = 0; l < vectors * lanes; l++) {
      for (int j = 0; j < 3; j++) {
        filterLine(from + j * step + 4L * l, 3 * step, temporary + j * vector, 3 * vector);
      }
      for (int i = 0; i < WINDOW; i++) {
        filterLine(temporary + i * 3 * vector, vector, to + i * WINDOW * plane + 4L * l, plane);
      }
    }
  }

  private static void filterLine(long from, long step, long to, long toStep) {
    float g0 = get(from);
    float g1 = get(from + step);
    float g2 = get(from + 2 * step);
    float even = Math.fma(g2, P2, g0);
    float even2 = Math.fma(g2, Q2, g0);
    put(to, g0 * AT_0);
    put(to + toStep, Math.fma(g1, P, even) * AT_P);
    put(to + 2 * toStep, Math.fma(g1, -P, even) * AT_P);
    put(to + 3 * toStep, Math.fma(g1, Q, even2) * AT_Q);
    put(to + 4 * toStep, Math.fma(g1, -Q, even2) * AT_Q);
    put(to + 5 * toStep, g2);
  }

  @Override
  public void output(long from, long plane, long to, long rowStep, long columnStep, long temporary, int vectors) {
    for (int l = 0; l < vectors * lanes; l++) {
      for (int j = 0; j < WINDOW; j++) {
        outputLine(from + j * plane + 4L * l, WINDOW * plane, temporary + j * vector, WINDOW * vector);
      }
      for (int i = 0; i < TILE; i++) {
        outputLine(temporary + i * WINDOW * vector, vector, to + i * rowStep + 4L * l, columnStep);
      }
    }
  }

  private static void outputLine(long from, long step, long to, long toStep) {
    float m1 = get(from + step);
    float m2 = get(from + 2 * step);
    float m3 = get(from + 3 * step);
    float m4 = get(from + 4 * step);
    float sum = m1 + m2;
    float difference = m1 - m2;
    float sum2 = m3 + m4;
    float difference2 = m3 - m4;
    put(to, get(from) + (sum + sum2));
    put(to + 3 * toStep, Math.fma(difference2, Q3, Math.fma(difference, P3, get(from + 5 * step))));
    put(to + toStep, Math.fma(difference2, Q, difference * P));
    put(to + 2 * toStep, Math.fma(sum2, Q2, sum * P2));
  }

  @Override
  public void gradient(long from, long rowStep, long columnStep, long to, long plane, long temporary, int vectors) {
    for (int l = 0; l < vectors * lanes; l++) {
      for (int j = 0; j < TILE; j++) {
        gradientLine(from + j * columnStep + 4L * l, rowStep, temporary + j * vector, TILE * vector);
      }
      for (int i = 0; i < WINDOW; i++) {
        gradientLine(temporary + i * TILE * vector, vector, to + i * WINDOW * plane + 4L * l, plane);
      }
    }
  }

  private static void gradientLine(long from, long step, long to, long toStep) {
    float y0 = get(from);
    float y1 = get(from + step);
    float y2 = get(from + 2 * step);
    float y3 = get(from + 3 * step);
    float even = Math.fma(y2, P2, y0);
    float odd = Math.fma(y3, P3, y1 * P);
    float even2 = Math.fma(y2, Q2, y0);
    float odd2 = Math.fma(y3, Q3, y1 * Q);
    put(to, y0);
    put(to + toStep, even + odd);
    put(to + 2 * toStep, even - odd);
    put(to + 3 * toStep, even2 + odd2);
    put(to + 4 * toStep, even2 - odd2);
    put(to + 5 * toStep, y3);
  }

  @Override
  public void filterGradient(long from, long plane, long to, long step, long temporary, int vectors) {
    for (int l = 0; l < vectors * lanes; l++) {
      for (int j = 0; j < WINDOW; j++) {
        filterGradientLine(from + j * plane + 4L * l, WINDOW * plane, temporary + j * vector, WINDOW * vector);
      }
      for (int i = 0; i < 3; i++) {
        filterGradientLine(temporary + i * WINDOW * vector, vector, to + i * 3 * step + 4L * l, step);
      }
    }
  }

  private static void filterGradientLine(long from, long step, long to, long toStep) {
    float s1 = get(from + step);
    float s2 = get(from + 2 * step);
    float s3 = get(from + 3 * step);
    float s4 = get(from + 4 * step);
    float sum = s1 + s2;
    float difference = s1 - s2;
    float sum2 = s3 + s4;
    float difference2 = s3 - s4;
    put(to + 2 * toStep, Math.fma(sum, AT_P2, Math.fma(sum2, AT_Q2, get(from + 5 * step))));
    put(to, Math.fma(get(from), AT_0, Math.fma(sum, AT_P, sum2 * AT_Q)));
    put(to + toStep, Math.fma(difference, AT_P1, difference2 * AT_Q1));
  }

  @Override
  public void add(long to, long from, int n) {
    for (int i = 0; i < n; i++) {
      put(to + 4L * i, get(to + 4L * i) + get(from + 4L * i));
    }
  }

  @Override
  public void plain(long from, long rowStep, long columnStep, long filters, long step, long to, int channels) {
    for (int l = 0; l < lanes; l++) {
      float sum = get(to + 4L * l);
      long filter = filters + 4L * l;
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < 3; i++) {
          for (int j = 0; j < 3; j++) {
            sum = Math.fma(get(from + i * rowStep + j * columnStep + 4L * c), get(filter), sum);
            filter += step;
          }
        }
      }
      put(to + 4L * l, sum);
    }
  }

  @Override
  public boolean finite(long from, long temporary, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) {
      sum += get(from + 4L * i) * 0;
    }
    return sum == 0;
  }
}
