package org.lathe.backends.cpu;

import java.lang.foreign.Arena;

/**
 * A micro-kernel that runs in its scalar form until the vector form, which is wanted when this is expected to run or
 * first runs, has been built and is being warmed up by a thread of its own. Both forms give the same bits: every element is the same chain of fused multiply-adds.
 */
final class WarmingMicroKernel implements MicroKernel {
  // Few steps: what counts is that the calls become hot, and each is slow until they are.
  private static final int K = 6;

  private final MicroShape shape;
  // Read without ordering: a worker that still sees the scalar form loses time, nothing else.
  private MicroKernel target;
  private boolean wanted;

  WarmingMicroKernel(MicroShape shape) {
    this.shape = shape;
    this.target = new ScalarMicroKernel(shape, VectorMicroKernels.lanes(shape.type()));
  }

  @Override
  public void run(int k, Object a, int aOffset, int[] aTable, int aRows, int aSteps, long b, long bStep, long c,
      long cRow) {
    if (!wanted) {
      expect();
    }
    target.run(k, a, aOffset, aTable, aRows, aSteps, b, bStep, c, cRow);
  }

  @Override
  public synchronized void expect() {
    if (!wanted) {
      wanted = true;
      WarmUp.later(this::warm);
    }
  }

  private void warm() {
    MicroKernel vector = VectorMicroKernels.build(shape);
    // Real calls take part in the warm-up: compiled from this thread's short sums alone, some kernels were compiled again
    // when real ones came, and then boxed their vectors.
    target = vector;
    long width = (long) shape.vectors() * VectorMicroKernels.lanes(shape.type()) * shape.type().bytes();
    Object a = HeapScratch.array(shape.type(), shape.elements(K) + K);
    try (Arena arena = Arena.ofConfined()) {
      long b = arena.allocate(K * width, 64).address();
      long c = arena.allocate(shape.rows() * width, 64).address();
      long table = arena.allocate(8L * K, 64).address();
      int[] indices = new int[Math.max(K, shape.rows())];
      // Several times what compiled code takes, and a fraction of what code takes that boxes its vectors.
      long fast = 3 * (K + 4L) * shape.rows() * shape.vectors() + 300;
      WarmUp.until(fast, () -> vector.run(K, a, 0, indices, 0, 0, b, shape.indirect() ? table : width, c, width));
    }
  }
}
