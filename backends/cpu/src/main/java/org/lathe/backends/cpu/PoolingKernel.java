package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;

/**
 * Pooling and its gradients, one picture of one channel at a time.
 *
 * <p>Work: one comparison or addition for each element of each window. The floor is the time to read the data and to
 * write the result. Windows of 2x2 that step by 2 over f32, the common case, are done a vector at a time; all others
 * element by element, in float64. An epilogue that computes runs over each picture while it is in cache.
 */
final class PoolingKernel implements Kernel {
  private static final long PARALLEL_ELEMENTS = 20_000;
  private static final long TASK_ELEMENTS = 8_000;

  private final Pooling p;
  private final DType type;
  private final int bytes;
  private final long pictures;
  private final long dataElements;
  private final long resultElements;
  private final int perTask;
  private final long tasks;
  /** Null where the common case does not apply. */
  private final @Nullable PairPooling pairs;
  /** Null where the result is stored as it is. */
  private final @Nullable PartEpilogue epilogue;
  /** The type of the results before the epilogue. */
  private final DType stored;

  private PoolingKernel(Pooling spec, boolean vector) {
    this.p = spec;
    this.type = spec.dtype();
    this.bytes = type.bytes();
    this.pictures = spec.batch() * spec.channels();
    this.dataElements = spec.height() * spec.width();
    this.resultElements = spec.outHeight() * spec.outWidth();
    this.perTask = (int) Math.clamp(TASK_ELEMENTS / Math.max(1, dataElements), 1, Math.max(1, pictures));
    this.tasks = Tiling.ceil(pictures, perTask);
    this.pairs = isPairs() ? pairs(spec, vector) : null;
    this.epilogue = spec.epilogue().isStore() && spec.epilogue().outputs().getFirst().isDense(spec.space())
        ? null
        : PartEpilogue.of(spec.epilogue(), spec.space(), type.compute());
    this.stored = epilogue == null ? type : type.compute();
  }

  /** A pooling of a floating type. */
  static PoolingKernel of(Pooling spec, boolean vector) {
    return new PoolingKernel(spec, vector);
  }

  private static PairPooling pairs(Pooling spec, boolean vector) {
    int width = (int) spec.outWidth();
    if (!vector) {
      return new ScalarPairPooling(width);
    }
    return WarmUp.ENABLED ? new WarmingPairPooling(width, spec.kind() == Kind.MEAN) : VectorPooling.of(width);
  }

  private boolean isPairs() {
    return type == DType.F32
        && p.windowHeight() == 2
        && p.windowWidth() == 2
        && p.strideY() == 2
        && p.strideX() == 2
        && p.padY() == 0
        && p.padX() == 0
        && 2 * p.outHeight() <= p.height()
        && 2 * p.outWidth() <= p.width()
        && p.outWidth() >= PairPooling.LEAST_WIDTH;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    double[] sums = (double[]) run.workerArray(worker, DType.F64);
    for (int t = run.nextTask(); t < tasks; t = run.nextTask()) {
      long end = Math.min(pictures, (long) (t + 1) * perTask);
      for (long picture = (long) t * perTask; picture < end; picture++) {
        picture(operands, picture, sums, run, worker);
      }
    }
  }

  private void picture(long[] operands, long picture, double[] sums, Run run, int worker) {
    long data = picture * dataElements * bytes;
    long result = picture * resultElements * bytes;
    boolean gradient = p.form() == Form.GRADIENT;
    PartEpilogue last = epilogue;
    long to = last == null
        ? operands[p.inputs().size()] + (gradient ? data : result)
        : run.workerScratch(worker);
    switch (p.form()) {
      case FORWARD -> forward(operands[0] + data, operands[0] + data, to);
      case PICK -> forward(operands[0] + data, operands[1] + data, to);
      case GRADIENT -> {
        boolean max = p.kind() == Kind.MAX;
        gradient(operands[0] + (max ? data : 0), operands[max ? 1 : 0] + result, to, sums);
      }
    }
    if (last != null) {
      finish(last, operands, picture, to, run, worker);
    }
  }

  /** Hands the picture at {@code from} to the epilogue, line by line where it cannot be one run. */
  private void finish(PartEpilogue last, long[] operands, long picture, long from, Run run, int worker) {
    int inputs = p.inputs().size();
    long height = p.space().get(2);
    int width = (int) p.space().get(3);
    int lines = (int) (last.flat ? 1 : height);
    int line = last.flat ? Math.toIntExact(height * width) : width;
    long[] at = run.index(worker);
    at[0] = picture / p.channels();
    at[1] = picture % p.channels();
    at[2] = 0;
    at[3] = 0;
    for (int y = 0; y < lines; y++) {
      at[2] = y;
      last.epilogue.apply(
          from + (long) y * line * stored.bytes(), at, line, operands, p.pooledInputs(), inputs, run.longs(worker));
    }
  }

  private void forward(long data, long other, long to) {
    if (pairs != null) {
      for (int y = 0; y < p.outHeight(); y++) {
        long line = 8L * y * p.width();
        long result = to + 4 * y * p.outWidth();
        if (p.kind() == Kind.MEAN) {
          pairs.mean(data + line, 4 * p.width(), result);
        } else {
          pairs.pick(data + line, other + line, 4 * p.width(), result);
        }
      }
      return;
    }
    for (long y = 0; y < p.outHeight(); y++) {
      for (long x = 0; x < p.outWidth(); x++) {
        Elements.store(stored, to, p.kind() == Kind.MEAN ? mean(data, y, x) : picked(data, other, y, x));
        to += stored.bytes();
      }
    }
  }

  private long low(long at, long stride, long pad) {
    return Math.max(0, at * stride - pad);
  }

  private long high(long at, long stride, long pad, long window, long size) {
    return Math.min(size, at * stride - pad + window);
  }

  private double mean(long data, long y, long x) {
    long bottom = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height());
    long right = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width());
    double sum = 0;
    for (long i = low(y, p.strideY(), p.padY()); i < bottom; i++) {
      for (long j = low(x, p.strideX(), p.padX()); j < right; j++) {
        sum += Elements.toDouble(type, data + (i * p.width() + j) * bytes);
      }
    }
    long n = count(y, x);
    return n == 0 ? 0 : sum / n;
  }

  /** By what a window's sum is divided; 0 for an empty one. */
  private long count(long y, long x) {
    long rows = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height()) - low(y, p.strideY(), p.padY());
    long columns = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width()) - low(x, p.strideX(), p.padX());
    if (rows <= 0 || columns <= 0) {
      return 0;
    }
    return p.countPadding() ? p.windowHeight() * p.windowWidth() : rows * columns;
  }

  /** The element of a window's maximum, counted in the picture; -1 if the window is empty. */
  private long argmax(long data, long y, long x) {
    long bottom = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height());
    long right = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width());
    long best = -1;
    double max = 0;
    for (long i = low(y, p.strideY(), p.padY()); i < bottom; i++) {
      for (long j = low(x, p.strideX(), p.padX()); j < right; j++) {
        double v = Elements.toDouble(type, data + (i * p.width() + j) * bytes);
        if (best < 0 || !Double.isNaN(max) && !(v <= max)) {
          best = i * p.width() + j;
          max = v;
        }
      }
    }
    return best;
  }

  private double picked(long data, long other, long y, long x) {
    long at = argmax(data, y, x);
    if (at < 0) {
      return p.form() == Form.PICK ? 0 : Double.NEGATIVE_INFINITY;
    }
    return Elements.toDouble(type, other + at * bytes);
  }

  private void gradient(long data, long from, long to, double[] sums) {
    if (pairs != null) {
      pairGradient(data, from, to);
      return;
    }
    java.util.Arrays.fill(sums, 0, (int) dataElements, 0);
    for (long y = 0; y < p.outHeight(); y++) {
      for (long x = 0; x < p.outWidth(); x++) {
        double g = Elements.toDouble(type, from);
        from += bytes;
        if (p.kind() == Kind.MAX) {
          long at = argmax(data, y, x);
          if (at >= 0) {
            sums[(int) at] += g;
          }
        } else {
          spread(g, y, x, sums);
        }
      }
    }
    for (int i = 0; i < dataElements; i++) {
      Elements.store(stored, to + (long) i * stored.bytes(), sums[i]);
    }
  }

  private void spread(double g, long y, long x, double[] sums) {
    long n = count(y, x);
    if (n == 0) {
      return;
    }
    long bottom = high(y, p.strideY(), p.padY(), p.windowHeight(), p.height());
    long right = high(x, p.strideX(), p.padX(), p.windowWidth(), p.width());
    for (long i = low(y, p.strideY(), p.padY()); i < bottom; i++) {
      for (long j = low(x, p.strideX(), p.padX()); j < right; j++) {
        sums[(int) (i * p.width() + j)] += g / n;
      }
    }
  }

  private void pairGradient(long data, long from, long to) {
    PairPooling pooling = pairs;
    if (pooling == null) {
      throw new IllegalStateException("not the common case");
    }
    long pitch = 4 * p.width();
    if (2 * p.outHeight() < p.height() || 2 * p.outWidth() < p.width()) {
      Memory.fill(to, dataElements * bytes, (byte) 0);
    }
    for (int y = 0; y < p.outHeight(); y++) {
      long gradient = from + 4 * y * p.outWidth();
      if (p.kind() == Kind.MEAN) {
        pooling.spread(pitch, gradient, to + 2 * y * pitch);
      } else {
        pooling.route(data + 2 * y * pitch, pitch, gradient, to + 2 * y * pitch);
      }
    }
  }

  @Override
  public int workers(int most) {
    return pictures * Math.max(dataElements, resultElements) < PARALLEL_ELEMENTS ? 1 : (int) Math.min(most, tasks);
  }

  @Override
  public long workerScratch() {
    return epilogue == null ? 0 : p.space().get(2) * p.space().get(3) * stored.bytes();
  }

  @Override
  public int scratchLongs() {
    return epilogue == null ? 0 : epilogue.epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    boolean needed = p.form() == Form.GRADIENT && pairs == null;
    return new HeapScratch(DType.F64, 0, needed ? Math.toIntExact(dataElements) : 0);
  }

  @Override
  public String variant() {
    return (pairs == null ? "element by element" : "2x2 windows, " + pairs) + ", " + tasks + " tasks of " + perTask
        + " pictures" + (epilogue == null ? "" : ", epilogue over " + (epilogue.flat ? "pictures" : "lines"));
  }
}
