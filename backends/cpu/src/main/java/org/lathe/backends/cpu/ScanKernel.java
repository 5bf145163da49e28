package org.lathe.backends.cpu;

import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.Scan;

/**
 * Running combinations. Each worker owns some of the lines [outer, inner]; along a line the order is that of the
 * elements, sums of the half types being kept in f32 and sums of f32 in f64. The floor is each element moved twice.
 */
final class ScanKernel implements Kernel {
  private static final long INNER_BLOCK = 64;

  private final Scan spec;
  private final DType type;
  private final long length;
  private final long inner;
  private final long blocks;

  private ScanKernel(Scan spec) {
    this.spec = spec;
    type = spec.dtype();
    length = spec.length();
    inner = spec.inner();
    blocks = (inner + INNER_BLOCK - 1) / INNER_BLOCK;
  }

  static Kernel of(Scan spec) {
    return new ScanKernel(spec);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long tasks = spec.outer() * blocks;
    for (long t = tasks * worker / workers; t < tasks * (worker + 1) / workers; t++) {
      long first = t % blocks * INNER_BLOCK;
      int columns = (int) Math.min(INNER_BLOCK, inner - first);
      long start = ((t / blocks) * length * inner + first) * type.bytes();
      block(operands[0] + start, operands[1] + start, columns, run.workerScratch(worker));
    }
  }

  /** Scans {@code columns} neighbouring lines; the running values, f64 or i64, are at {@code state}. */
  private void block(long in, long out, int columns, long state) {
    boolean real = type.isFloating();
    Fold fold = Fold.of(spec.combiner(), type);
    for (int c = 0; c < columns; c++) {
      if (real) {
        Memory.putDouble(state + 8L * c, fold.realIdentity());
      } else {
        Memory.putLong(state + 8L * c, fold.wholeIdentity());
      }
    }
    for (long k = 0; k < length; k++) {
      long row = (spec.reverse() ? length - 1 - k : k) * inner * type.bytes();
      for (int c = 0; c < columns; c++) {
        long at = row + (long) c * type.bytes();
        if (real) {
          step(in + at, out + at, state + 8L * c);
        } else {
          wholeStep(in + at, out + at, state + 8L * c);
        }
      }
    }
  }

  private void step(long in, long out, long state) {
    double before = Memory.getDouble(state);
    double x = Scalars.real(type, in);
    double after = switch (spec.combiner()) {
      case SUM -> before + x;
      case PRODUCT -> before * x;
      case MAX -> Math.max(before, x);
      default -> Math.min(before, x);
    };
    Memory.putDouble(state, after);
    Scalars.putReal(type, out, spec.exclusive() ? before : after);
  }

  private void wholeStep(long in, long out, long state) {
    long before = Memory.getLong(state);
    long x = Scalars.whole(type, in);
    long after = switch (spec.combiner()) {
      case SUM -> before + x;
      case PRODUCT -> before * x;
      case MAX -> Math.max(before, x);
      default -> Math.min(before, x);
    };
    Memory.putLong(state, after);
    Scalars.putWhole(type, out, spec.exclusive() ? before : after);
  }

  @Override
  public int workers(int most) {
    long tasks = spec.outer() * blocks;
    return (int) Math.min(MapKernel.workers(spec.operations() * 2.0, most), Math.max(1, tasks));
  }

  @Override
  public long workerScratch() {
    return INNER_BLOCK * 8;
  }

  @Override
  public String variant() {
    return spec.outer() * inner + " lines of " + length + (spec.combiner() == Combiner.SUM ? ", sums in f64" : "");
  }
}
