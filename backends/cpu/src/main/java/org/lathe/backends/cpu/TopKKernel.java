package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.TopK;

/**
 * The largest of each row, by a heap of the k best so far whose root is the worst of them. The floor is each element read
 * once.
 */
final class TopKKernel implements Kernel {
  private static final int ENTRY = 16;

  private final TopK spec;
  private final DType type;
  private final int k;

  private TopKKernel(TopK spec) {
    this.spec = spec;
    type = spec.dtype();
    k = Math.toIntExact(spec.k());
  }

  static Kernel of(TopK spec) {
    return new TopKKernel(spec);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long heap = run.workerScratch(worker);
    long columns = spec.columns();
    for (long r = spec.rows() * worker / workers; k > 0 && r < spec.rows() * (worker + 1) / workers; r++) {
      long in = operands[0] + r * columns * type.bytes();
      for (int i = 0; i < columns; i++) {
        long key = Scalars.key(type, in + (long) i * type.bytes());
        // In signed order, NaN below all numbers.
        long ordered = key == -1 && type.isFloating() ? Long.MIN_VALUE : key ^ Long.MIN_VALUE;
        if (i < k) {
          put(heap, i, ordered, i);
          up(heap, i);
        } else if (ordered > Memory.getLong(heap)) {
          put(heap, 0, ordered, i);
          down(heap, k);
        }
      }
      for (int n = k - 1; n >= 0; n--) {
        // The root is the worst of those left: the result fills from its end.
        long position = Memory.getLong(heap + 8);
        Memory.putInt(operands[2] + (r * k + n) * 4, (int) position);
        SortKernel.copy(in + position * type.bytes(), operands[1] + (r * k + n) * type.bytes(), type.bytes());
        put(heap, 0, Memory.getLong(heap + (long) n * ENTRY), Memory.getLong(heap + (long) n * ENTRY + 8));
        down(heap, n);
      }
    }
  }

  private static void put(long heap, long i, long key, long position) {
    Memory.putLong(heap + i * ENTRY, key);
    Memory.putLong(heap + i * ENTRY + 8, position);
  }

  /** Whether entry i is worse than entry j: smaller, or equal and later. */
  private static boolean worse(long heap, long i, long j) {
    long a = Memory.getLong(heap + i * ENTRY);
    long b = Memory.getLong(heap + j * ENTRY);
    return a < b || a == b && Memory.getLong(heap + i * ENTRY + 8) > Memory.getLong(heap + j * ENTRY + 8);
  }

  private static void swap(long heap, long i, long j) {
    long key = Memory.getLong(heap + i * ENTRY);
    long position = Memory.getLong(heap + i * ENTRY + 8);
    put(heap, i, Memory.getLong(heap + j * ENTRY), Memory.getLong(heap + j * ENTRY + 8));
    put(heap, j, key, position);
  }

  private static void up(long heap, int from) {
    for (int i = from; i > 0 && worse(heap, i, (i - 1) / 2); i = (i - 1) / 2) {
      swap(heap, i, (i - 1) / 2);
    }
  }

  private static void down(long heap, int n) {
    for (int i = 0; 2 * i + 1 < n;) {
      int child = 2 * i + 1;
      if (child + 1 < n && worse(heap, child + 1, child)) {
        child++;
      }
      if (!worse(heap, child, i)) {
        return;
      }
      swap(heap, i, child);
      i = child;
    }
  }

  @Override
  public int workers(int most) {
    return (int) Math.min(MapKernel.workers(spec.operations() * 3.0, most), Math.max(1, spec.rows()));
  }

  @Override
  public long workerScratch() {
    return (long) Math.max(1, k) * ENTRY;
  }

  @Override
  public String variant() {
    return k + " of " + spec.columns() + " in " + spec.rows() + " rows";
  }
}
