package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Pooling;

/**
 * Pooling and its gradients, a few pictures of one channel or a band of lines of one picture at a time.
 *
 * <p>Work: one comparison or addition for each element of each window. The floor is the time to read the data and to
 * write the result. 64 pictures of 112x112 in windows of 3x3 that step by 2, as in ResNet's stem, are 1.8 million
 * comparisons over 4 MB: on two AVX-512 cores 0.14 ms, 29 GB/s from the last cache, and 0.42 ms, 17 GB/s, for the gradient;
 * 512 of 56x56 in windows of 2x2, 8 MB, 0.14 ms and 0.31 ms. Windows of 2x2 that step by 2 over f32 are done two lines
 * at a time ({@link PairForm}), other windows over f32 by elementwise operations over whole blocks ({@link PlanePooling}),
 * other types element by element, in float64. An epilogue that computes runs over each picture while it is in cache.
 */
final class PoolingKernel implements Kernel {
  private static final long PARALLEL_ELEMENTS = 20_000;
  private static final long TASK_ELEMENTS = 8_000;

  private final Pooling p;
  private final int inputs;
  private final long height;
  private final long width;
  private final long pictures;
  private final long dataElements;
  private final long resultElements;
  private final PoolingForm form;
  private final int perTask;
  private final int bands;
  private final long tasks;
  /** Null where the result is stored as it is. */
  private final @Nullable PartEpilogue epilogue;
  /** The type of the results before the epilogue. */
  private final DType stored;
  /** Bytes of a block's results before the epilogue. */
  private final long resultScratch;

  private PoolingKernel(Pooling spec, boolean vector) {
    this.p = spec;
    this.inputs = spec.inputs().size();
    this.height = spec.space().get(2);
    this.width = spec.space().get(3);
    DType type = spec.dtype();
    this.pictures = spec.batch() * spec.channels();
    this.dataElements = spec.height() * spec.width();
    this.resultElements = spec.outHeight() * spec.outWidth();
    this.epilogue = spec.epilogue().isStore() && spec.epilogue().outputs().getFirst().isDense(spec.space())
        ? null
        : PartEpilogue.of(spec.epilogue(), spec.space(), type.compute());
    this.stored = epilogue == null ? type : type.compute();
    int most = (int) Math.clamp(TASK_ELEMENTS / Math.max(1, dataElements), 1, Math.max(1, pictures));
    this.form = form(spec, stored, vector, most);
    this.perTask = form.pictures();
    this.bands = form.bands();
    this.tasks = Tiling.ceil(pictures, perTask) * bands;
    this.resultScratch = epilogue == null ? 0 : Tiling.ceil(perTask * mostLines() * width * stored.bytes(), 64) * 64;
  }

  /** A pooling of a floating type. */
  static PoolingKernel of(Pooling spec, boolean vector) {
    return new PoolingKernel(spec, vector);
  }

  private static PoolingForm form(Pooling p, DType stored, boolean vector, int pictures) {
    if (PairForm.fits(p)) {
      return new PairForm(p, vector, pictures);
    }
    PlanePooling planes = PlanePooling.of(p, vector, pictures);
    return planes == null ? new ElementPooling(p, stored, pictures) : planes;
  }

  private long mostLines() {
    int most = 0;
    for (int band = 0; band < bands; band++) {
      most = Math.max(most, form.firstLine(band + 1) - form.firstLine(band));
    }
    return most;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    Object heap = run.workerArray(worker, DType.F64);
    long results = run.workerScratch(worker);
    long scratch = results + resultScratch;
    PartEpilogue last = epilogue;
    boolean begun = false;
    for (int t = run.firstTask(worker); t < tasks; t = run.nextTask()) {
      if (!begun) {
        form.begin(scratch);
        begun = true;
      }
      long picture = (long) (t / bands) * perTask;
      int count = (int) Math.min(perTask, pictures - picture);
      int band = t % bands;
      long line = form.firstLine(band);
      if (last == null) {
        long to = operands[inputs] + (picture * height + line) * width * stored.bytes();
        form.block(operands, picture, count, band, to, scratch, heap);
      } else {
        form.block(operands, picture, count, band, results, scratch, heap);
        int lines = (int) (form.firstLine(band + 1) - line);
        for (int i = 0; i < count; i++) {
          finish(last, operands, picture + i, line, lines, results + i * lines * width * stored.bytes(), run, worker);
        }
      }
    }
  }

  /** Hands lines of a picture at {@code from} to the epilogue, line by line where they cannot be one run. */
  private void finish(
      PartEpilogue last, long[] operands, long picture, long first, int lines, long from, Run run, int worker) {
    int line = Math.toIntExact(width);
    int runs = last.flat ? 1 : lines;
    int each = last.flat ? lines * line : line;
    long[] at = run.index(worker);
    at[0] = picture / p.channels();
    at[1] = picture % p.channels();
    at[2] = last.flat ? first * width : first;
    at[3] = 0;
    for (int y = 0; y < runs; y++) {
      last.epilogue.apply(
          from + (long) y * each * stored.bytes(), at, each, operands, p.pooledInputs(), inputs, run.longs(worker));
      at[2]++;
    }
  }

  @Override
  public int workers(int most) {
    return pictures * Math.max(dataElements, resultElements) < PARALLEL_ELEMENTS ? 1 : (int) Math.min(most, tasks);
  }

  @Override
  public long workerScratch() {
    return resultScratch + form.scratch();
  }

  @Override
  public int scratchLongs() {
    return epilogue == null ? 0 : epilogue.epilogue.scratchLongs();
  }

  @Override
  public HeapScratch heapScratch() {
    return form.heapScratch();
  }

  @Override
  public String variant() {
    return form + ", " + tasks + " tasks of " + perTask + " pictures"
        + (epilogue == null ? "" : ", epilogue over " + (epilogue.flat ? "pictures" : "lines"));
  }
}
