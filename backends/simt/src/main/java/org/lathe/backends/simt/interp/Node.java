package org.lathe.backends.simt.interp;

import org.lathe.backends.simt.ir.Type;

/**
 * A value of a kernel ready to run. The results of lane {@code l} of work item {@code i} lie at {@code i * lanes + l}: in
 * {@code real} for floating types, in {@code whole} for all others.
 */
record Node(Type type, double[] real, long[] whole, Runnable run) {
  /** Computes the value for the active work items. */
  void eval() {
    run.run();
  }

  int lanes() {
    return type.lanes();
  }

  boolean floating() {
    return type.dtype().isFloating();
  }

  /** Copies the results of the active work items. */
  void copyTo(Machine m, double[] reals, long[] wholes) {
    int lanes = lanes();
    for (int n = 0; n < m.count; n++) {
      int at = m.active[n] * lanes;
      if (floating()) {
        System.arraycopy(real, at, reals, at, lanes);
      } else {
        System.arraycopy(whole, at, wholes, at, lanes);
      }
    }
  }
}
