package org.lathe.compiler.lower;

import org.lathe.hal.Dims;

/** A position that grows by {@code steps[d]} with each step along dimension d of an iteration space. */
record Affine(long offset, Dims steps) {

  static Affine constant(int rank, long at) {
    return new Affine(at, Dims.filled(rank, 0));
  }

  static Affine along(int rank, int dim) {
    return new Affine(0, Dims.filled(rank, 0).with(dim, 1));
  }

  Affine times(long factor) {
    return factor == 1 ? this : new Affine(offset * factor, steps.map(s -> s * factor));
  }

  Affine plus(long more) {
    return more == 0 ? this : new Affine(offset + more, steps);
  }

  Affine plus(Affine other) {
    long[] sum = steps.toArray();
    for (int d = 0; d < sum.length; d++) {
      sum[d] += other.steps.get(d);
    }
    return new Affine(offset + other.offset, Dims.of(sum));
  }

  /** The dimension that alone moves the position, -1 if none does, -2 if several do. */
  int onlyDim() {
    int only = -1;
    for (int d = 0; d < steps.rank(); d++) {
      if (steps.get(d) != 0) {
        if (only >= 0) {
          return -2;
        }
        only = d;
      }
    }
    return only;
  }

  /** The least position over the box from {@code low} to {@code high} (exclusive), which is not empty. */
  long min(Dims low, Dims high) {
    long at = offset;
    for (int d = 0; d < steps.rank(); d++) {
      long s = steps.get(d);
      at += s > 0 ? s * low.get(d) : s * (high.get(d) - 1);
    }
    return at;
  }

  /** The greatest position over the box from {@code low} to {@code high} (exclusive), which is not empty. */
  long max(Dims low, Dims high) {
    return -times(-1).min(low, high);
  }
}
