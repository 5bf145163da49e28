package org.lathe.backends.cpu;

import org.lathe.hal.spec.Copy;

/** Copies of bytes, in pieces that start at cache lines. The floor is each byte read and written once. */
final class CopyKernel implements Kernel {
  private static final long LINE = 64;

  private final long bytes;

  private CopyKernel(long bytes) {
    this.bytes = bytes;
  }

  static Kernel of(Copy spec) {
    return new CopyKernel(spec.bytes());
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long lines = (bytes + LINE - 1) / LINE;
    long from = lines * worker / workers * LINE;
    long to = Math.min(bytes, lines * (worker + 1) / workers * LINE);
    if (from < to && operands[0] != operands[1]) {
      Memory.copy(operands[0] + from, operands[1] + from, to - from);
    }
  }

  @Override
  public int workers(int most) {
    return MapKernel.workers(2 * bytes / MapKernel.MOVED_PER_NANOSECOND, most);
  }

  @Override
  public String variant() {
    return bytes + " bytes";
  }
}
