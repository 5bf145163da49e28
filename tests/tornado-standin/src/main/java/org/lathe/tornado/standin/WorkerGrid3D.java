package org.lathe.tornado.standin;

/** In the place of TornadoVM's class of this name. */
public final class WorkerGrid3D implements WorkerGrid {
  private final long[] global;
  private long[] local = new long[3];

  public WorkerGrid3D(int x, int y, int z) {
    global = new long[]{x, y, z};
  }

  @Override
  public void setLocalWork(long x, long y, long z) {
    local = new long[]{x, y, z};
  }

  void check() {
    for (int d = 0; d < 3; d++) {
      if (local[d] <= 0 || global[d] <= 0 || global[d] % local[d] != 0) {
        throw new IllegalStateException("TornadoVM would compute garbage where groups do not divide the range");
      }
    }
  }

  long[] globalWork() {
    return global;
  }

  long[] localWork() {
    return local;
  }

  int[] local() {
    return new int[]{(int) local[0], (int) local[1], (int) local[2]};
  }

  int[] groups() {
    return new int[]{(int) (global[0] / local[0]), (int) (global[1] / local[1]), (int) (global[2] / local[2])};
  }
}
