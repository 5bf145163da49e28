package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** {@link ScoreMath} of f32 or f64 in scalar form: arithmetic in double, rounded when stored. */
final class ScalarScoreMath implements ScoreMath {
  private final boolean wide;
  private final int bytes;

  ScalarScoreMath(DType dtype) {
    this.wide = dtype == DType.F64;
    this.bytes = dtype.bytes();
  }

  private double get(long address, int i) {
    return ScalarTileProducts.get(wide, address + (long) i * bytes);
  }

  private void put(long address, int i, double value) {
    ScalarTileProducts.put(wide, address + (long) i * bytes, value);
  }

  @Override
  public int slack() {
    return 0;
  }

  @Override
  public void put(long address, double value) {
    ScalarTileProducts.put(wide, address, value);
  }

  @Override
  public boolean finite(long x, int n, long spare) {
    for (int i = 0; i < n; i++) {
      if (!Double.isFinite(get(x, i))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void scale(long x, double factor, int n) {
    for (int i = 0; i < n; i++) {
      put(x, i, get(x, i) * factor);
    }
  }

  @Override
  public void addSteps(long x, long y, long yStep, int n) {
    for (int i = 0; i < n; i++) {
      put(x, i, get(x, i) + ScalarTileProducts.get(wide, y + i * yStep));
    }
  }

  @Override
  public double dot(long x, long xStep, long y, long yStep, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += ScalarTileProducts.get(wide, x + i * xStep) * ScalarTileProducts.get(wide, y + i * yStep);
    }
    return sum;
  }

  @Override
  public int stateElements() {
    return 64 / bytes;
  }

  @Override
  public void begin(long states, int n) {
    for (int i = 0; i < n; i++) {
      put(states + 64L * i, 0, Double.NEGATIVE_INFINITY);
      put(states + 64L * i, 1, 0);
    }
  }

  @Override
  public void softmax(
      long scores, long scoreRow, int seen, int more, int total, long states, long out, long outRow, int columns,
      int rows) {
    for (int r = 0; r < rows; r++) {
      int n = ScoreMath.seen(seen, more, r, total);
      softmax(scores + r * scoreRow, n, total, states + 64L * r, out + r * outRow, columns);
    }
  }

  private void softmax(long scores, int n, int total, long state, long out, int columns) {
    double before = get(state, 0);
    double most = before;
    for (int i = 0; i < n; i++) {
      double x = get(scores, i);
      if (x > most) {
        most = x;
      }
    }
    double shift = most == Double.NEGATIVE_INFINITY ? 0 : most;
    double sum = get(state, 1);
    if (most != before) {
      double factor = Math.exp(before - shift);
      sum *= factor;
      scale(out, factor, columns);
    }
    for (int i = 0; i < n; i++) {
      double e = Math.exp(get(scores, i) - shift);
      put(scores, i, e);
      sum += e;
    }
    for (int i = n; i < total; i++) {
      put(scores, i, 0);
    }
    put(state, 0, most);
    put(state, 1, sum);
  }

  @Override
  public void finish(long states, long out, long outRow, int columns, long logSums, int rows) {
    for (int r = 0; r < rows; r++) {
      double sum = get(states + 64L * r, 1);
      scale(out + r * outRow, sum == 0 ? 0 : 1 / sum, columns);
      put(logSums, r, sum == 0 ? Double.NEGATIVE_INFINITY : get(states + 64L * r, 0) + Math.log(sum));
    }
  }

  @Override
  public void probabilities(
      long scores, long gradients, long scoreRow, int seen, int more, int total, long logSums, long deltas,
      double scale, int rows) {
    for (int r = 0; r < rows; r++) {
      probabilities(
          scores + r * scoreRow, gradients + r * scoreRow, ScoreMath.seen(seen, more, r, total), total,
          get(logSums, r), get(deltas, r), scale);
    }
  }

  private void probabilities(
      long scores, long gradients, int n, int total, double logSum, double delta, double scale) {
    double shift = logSum == Double.NEGATIVE_INFINITY ? 0 : logSum;
    for (int i = 0; i < total; i++) {
      double p = i < n ? Math.exp(get(scores, i) - shift) : 0;
      put(scores, i, p);
      put(gradients, i, i < n ? p * (get(gradients, i) - delta) * scale : 0);
    }
  }
}
