package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** {@link CellMath} of f32 or f64 in scalar form: arithmetic in double, rounded when stored. */
final class ScalarCellMath implements CellMath {
  private final boolean wide;
  private final int bytes;

  ScalarCellMath(DType dtype) {
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
  public void sigmoid(long x, int n) {
    for (int i = 0; i < n; i++) {
      put(x, i, 1 / (1 + Math.exp(-get(x, i))));
    }
  }

  @Override
  public void tanh(long x, long y, int n) {
    for (int i = 0; i < n; i++) {
      put(y, i, Math.tanh(get(x, i)));
    }
  }

  @Override
  public void add(long x, long y, int n) {
    for (int i = 0; i < n; i++) {
      put(x, i, get(x, i) + get(y, i));
    }
  }

  @Override
  public void scale(long x, long y, int n) {
    for (int i = 0; i < n; i++) {
      put(x, i, get(x, i) * get(y, i));
    }
  }

  @Override
  public void lstmCell(long gates, long plane, long c, int n) {
    for (int i = 0; i < n; i++) {
      put(c, i, get(gates + plane, i) * get(c, i) + get(gates, i) * get(gates + 2 * plane, i));
    }
  }

  @Override
  public void gruCandidate(long gates, long plane, int n) {
    long candidate = gates + 2 * plane;
    for (int i = 0; i < n; i++) {
      put(candidate, i, get(candidate, i) + get(gates, i) * get(candidate + plane, i));
    }
  }

  @Override
  public void gruState(long gates, long plane, long h, int n) {
    for (int i = 0; i < n; i++) {
      double z = get(gates + plane, i);
      put(h, i, (1 - z) * get(gates + 2 * plane, i) + z * get(h, i));
    }
  }

  @Override
  public void lstmBackward(long gates, long plane, long tanhC, long cellBefore, long dh, long dc, int n) {
    for (int j = 0; j < n; j++) {
      double i = get(gates, j);
      double f = get(gates + plane, j);
      double g = get(gates + 2 * plane, j);
      double o = get(gates + 3 * plane, j);
      double t = get(tanhC, j);
      double h = get(dh, j);
      double c = get(dc, j) + h * o * (1 - t * t);
      put(gates, j, c * g * i * (1 - i));
      put(gates + plane, j, c * get(cellBefore, j) * f * (1 - f));
      put(gates + 2 * plane, j, c * i * (1 - g * g));
      put(gates + 3 * plane, j, h * t * o * (1 - o));
      put(dc, j, c * f);
    }
  }

  @Override
  public void gruBackward(long gates, long plane, long stateBefore, long dh, int n) {
    for (int j = 0; j < n; j++) {
      double r = get(gates, j);
      double z = get(gates + plane, j);
      double candidate = get(gates + 2 * plane, j);
      double u = get(gates + 3 * plane, j);
      double h = get(dh, j);
      double dn = h * (1 - z) * (1 - candidate * candidate);
      put(gates, j, dn * u * r * (1 - r));
      put(gates + plane, j, h * (get(stateBefore, j) - candidate) * z * (1 - z));
      put(gates + 2 * plane, j, dn);
      put(gates + 3 * plane, j, dn * r);
      put(dh, j, h * z);
    }
  }

  @Override
  public void plainBackward(long state, long dh, int n) {
    for (int i = 0; i < n; i++) {
      double h = get(state, i);
      put(state, i, get(dh, i) * (1 - h * h));
    }
  }
}
