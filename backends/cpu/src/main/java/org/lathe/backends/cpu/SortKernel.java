package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Sort;

/**
 * Stable sorts of rows, by merging runs of keys and positions in the worker's scratch memory. Keys are u64 whose order is
 * that of the elements; a descending sort turns the keys of numbers around and leaves NaN last.
 */
final class SortKernel implements Kernel {
  private static final int RUN = 16;
  private static final int ENTRY = 16;

  private final Sort spec;
  private final DType type;
  private final int columns;

  private SortKernel(Sort spec) {
    this.spec = spec;
    type = spec.dtype();
    columns = Math.toIntExact(spec.columns());
  }

  static Kernel of(Sort spec) {
    return new SortKernel(spec);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long a = run.workerScratch(worker);
    long b = a + (long) columns * ENTRY;
    for (long r = spec.rows() * worker / workers; r < spec.rows() * (worker + 1) / workers; r++) {
      long in = operands[0] + r * columns * type.bytes();
      for (int i = 0; i < columns; i++) {
        long key = Scalars.key(type, in + (long) i * type.bytes());
        // Flipped to signed order; NaN keeps the greatest key either way.
        long ordered = spec.descending() && !(key == -1 && type.isFloating()) ? ~key : key;
        put(a, i, ordered ^ Long.MIN_VALUE, i);
      }
      long sorted = sort(a, b);
      long positions = operands[2] + r * columns * 4;
      // Positions first: the values may be read from where they are, since an output is never an input here.
      for (int i = 0; i < columns; i++) {
        int position = (int) Memory.getLong(sorted + (long) i * ENTRY + 8);
        Memory.putInt(positions + 4L * i, position);
        copy(in + (long) position * type.bytes(), operands[1] + (r * columns + i) * type.bytes(), type.bytes());
      }
    }
  }

  static void copy(long from, long to, int bytes) {
    switch (bytes) {
      case 1 -> Memory.putByte(to, Memory.getByte(from));
      case 2 -> Memory.putShort(to, Memory.getShort(from));
      case 4 -> Memory.putInt(to, Memory.getInt(from));
      default -> Memory.putLong(to, Memory.getLong(from));
    }
  }

  private static void put(long entries, long i, long key, long position) {
    Memory.putLong(entries + i * ENTRY, key);
    Memory.putLong(entries + i * ENTRY + 8, position);
  }

  private static long key(long entries, long i) {
    return Memory.getLong(entries + i * ENTRY);
  }

  private static long position(long entries, long i) {
    return Memory.getLong(entries + i * ENTRY + 8);
  }

  /** Sorts the entries at {@code a} with {@code b} for room; returns which of the two holds the result. */
  private long sort(long a, long b) {
    for (int from = 0; from < columns; from += RUN) {
      insertion(a, from, Math.min(columns, from + RUN));
    }
    long source = a;
    long target = b;
    for (int width = RUN; width < columns; width *= 2) {
      for (int from = 0; from < columns; from += 2 * width) {
        merge(source, target, from, Math.min(columns, from + width), Math.min(columns, from + 2 * width));
      }
      long swap = source;
      source = target;
      target = swap;
    }
    return source;
  }

  private static void insertion(long a, int from, int to) {
    for (int i = from + 1; i < to; i++) {
      long key = key(a, i);
      long position = position(a, i);
      int j = i - 1;
      for (; j >= from && key(a, j) > key; j--) {
        put(a, j + 1, key(a, j), position(a, j));
      }
      put(a, j + 1, key, position);
    }
  }

  private static void merge(long source, long target, int from, int middle, int to) {
    int i = from;
    int j = middle;
    for (int k = from; k < to; k++) {
      boolean left = j >= to || i < middle && key(source, i) <= key(source, j);
      int next = left ? i++ : j++;
      put(target, k, key(source, next), position(source, next));
    }
  }

  @Override
  public int workers(int most) {
    return (int) Math.min(MapKernel.workers(spec.operations() * 4.0, most), Math.max(1, spec.rows()));
  }

  @Override
  public long workerScratch() {
    return 2L * columns * ENTRY;
  }

  @Override
  public String variant() {
    return spec.rows() + " rows of " + columns + ", merged runs of " + RUN;
  }
}
