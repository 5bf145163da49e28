package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.spec.Gather;

/** Rows of a table by index. The floor is each index and each named row read, each result row written, once. */
final class GatherKernel implements Kernel {
  private final Gather spec;
  private final long rowBytes;
  private final boolean wide;

  private GatherKernel(Gather spec) {
    this.spec = spec;
    rowBytes = spec.width() * spec.dtype().bytes();
    wide = spec.indexType() == DType.I64;
  }

  static Kernel of(Gather spec) {
    return new GatherKernel(spec);
  }

  /** Row {@code i} of an index list, clamped into a table. */
  static long row(long indices, boolean wide, long i, long rows) {
    long index = wide ? Memory.getLong(indices + 8 * i) : Memory.getInt(indices + 4 * i);
    return Math.clamp(index, 0L, rows - 1);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long from = spec.count() * worker / workers;
    long to = spec.count() * (worker + 1) / workers;
    long table = operands[0];
    long target = operands[2] + from * rowBytes;
    for (long i = from; i < to; i++) {
      long source = table + row(operands[1], wide, i, spec.rows()) * rowBytes;
      copyRow(source, target);
      target += rowBytes;
    }
  }

  private void copyRow(long source, long target) {
    if (rowBytes == 4) {
      Memory.putInt(target, Memory.getInt(source));
    } else if (rowBytes == 8) {
      Memory.putLong(target, Memory.getLong(source));
    } else {
      Memory.copy(source, target, rowBytes);
    }
  }

  @Override
  public int workers(int most) {
    return MapKernel.workers(spec.count() * (10 + rowBytes / 8.0), most);
  }

  @Override
  public String variant() {
    return spec.count() + " rows of " + rowBytes + " bytes";
  }
}
