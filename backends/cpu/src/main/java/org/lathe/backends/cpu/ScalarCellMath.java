package org.lathe.backends.cpu;

import org.lathe.hal.DType;

/** {@link CellMath} of f32 or f64 in scalar form: arithmetic in double, rounded when stored. */
final class ScalarCellMath implements CellMath {
  private final boolean wide;
  private final int bytes;
  private final int lanes;

  /** @param lanes how many units of one gate lie together in a product */
  ScalarCellMath(DType dtype, int lanes) {
    this.wide = dtype == DType.F64;
    this.bytes = dtype.bytes();
    this.lanes = lanes;
  }

  private double get(long address, int i) {
    return ScalarTileProducts.get(wide, address + (long) i * bytes);
  }

  private void put(long address, int i, double value) {
    ScalarTileProducts.put(wide, address + (long) i * bytes, value);
  }

  /** Unit i of gate {@code gate} of so many. */
  private double product(long product, int gates, int gate, int i) {
    return get(product, (i / lanes * gates + gate) * lanes + i % lanes);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Override
  public void plain(long product, long projected, long h, int n) {
    for (int i = 0; i < n; i++) {
      put(h, i, Math.tanh(get(projected, i) + get(product, i)));
    }
  }

  @Override
  public void lstm(long product, long projected, long before, long h, long c, long reserve, long stateRow, int n) {
    for (int u = 0; u < n; u++) {
      double i = sigmoid(get(projected, u) + product(product, 4, 0, u));
      double f = sigmoid(get(projected + stateRow, u) + product(product, 4, 1, u));
      double g = Math.tanh(get(projected + 2 * stateRow, u) + product(product, 4, 2, u));
      double o = sigmoid(get(projected + 3 * stateRow, u) + product(product, 4, 3, u));
      double cell = f * get(before, u) + i * g;
      put(reserve, u, i);
      put(reserve + stateRow, u, f);
      put(reserve + 2 * stateRow, u, g);
      put(reserve + 3 * stateRow, u, o);
      put(c, u, cell);
      put(h, u, o * Math.tanh(cell));
    }
  }

  @Override
  public void gru(long product, long projected, long bias, long before, long h, long reserve, long stateRow, int n) {
    for (int i = 0; i < n; i++) {
      double r = sigmoid(get(projected, i) + (product(product, 3, 0, i) + get(bias, i)));
      double z = sigmoid(get(projected + stateRow, i) + (product(product, 3, 1, i) + get(bias + stateRow, i)));
      double u = product(product, 3, 2, i) + get(bias + 2 * stateRow, i);
      double candidate = Math.tanh(get(projected + 2 * stateRow, i) + r * u);
      put(reserve, i, r);
      put(reserve + stateRow, i, z);
      put(reserve + 2 * stateRow, i, candidate);
      put(reserve + 3 * stateRow, i, u);
      put(h, i, (1 - z) * candidate + z * get(before, i));
    }
  }

  @Override
  public void plainBackward(long state, long gradient, long dh, long dz, int n) {
    for (int i = 0; i < n; i++) {
      double h = get(state, i);
      put(dz, i, (get(gradient, i) + get(dh, i)) * (1 - h * h));
    }
  }

  @Override
  public void lstmBackward(
      long reserve, long cell, long before, long gradient, long dh, long dc, long gates, long stateRow, int n) {
    for (int u = 0; u < n; u++) {
      double i = get(reserve, u);
      double f = get(reserve + stateRow, u);
      double g = get(reserve + 2 * stateRow, u);
      double o = get(reserve + 3 * stateRow, u);
      double t = Math.tanh(get(cell, u));
      double h = get(gradient, u) + get(dh, u);
      double c = get(dc, u) + h * o * (1 - t * t);
      put(gates, u, c * g * i * (1 - i));
      put(gates + stateRow, u, c * get(before, u) * f * (1 - f));
      put(gates + 2 * stateRow, u, c * i * (1 - g * g));
      put(gates + 3 * stateRow, u, h * t * o * (1 - o));
      put(dc, u, c * f);
    }
  }

  @Override
  public void gruBackward(
      long reserve, long before, long gradient, long dh, long dProjected, long dRecurrent, long stateRow, int n) {
    for (int i = 0; i < n; i++) {
      double r = get(reserve, i);
      double z = get(reserve + stateRow, i);
      double candidate = get(reserve + 2 * stateRow, i);
      double u = get(reserve + 3 * stateRow, i);
      double h = get(gradient, i) + get(dh, i);
      double dn = h * (1 - z) * (1 - candidate * candidate);
      double dr = dn * u * r * (1 - r);
      double dz = h * (get(before, i) - candidate) * z * (1 - z);
      put(dProjected, i, dr);
      put(dRecurrent, i, dr);
      put(dProjected + stateRow, i, dz);
      put(dRecurrent + stateRow, i, dz);
      put(dProjected + 2 * stateRow, i, dn);
      put(dRecurrent + 2 * stateRow, i, dn * r);
      put(dh, i, h * z);
    }
  }
}
