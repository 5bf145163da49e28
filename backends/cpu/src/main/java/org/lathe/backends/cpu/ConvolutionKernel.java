package org.lathe.backends.cpu;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Convolution;

/**
 * Convolutions and the gradients of their data, as products of the filters with columns of pixels that are never written
 * out as a matrix.
 *
 * <p>Work: {@code 2 * channels * taps} operations for each result element. The floor is the multiply-add rate: with 64
 * filters of 3x3 each source element is used 576 times. The source is read once (a padded copy of what a task needs stays
 * in the second-level cache), the filters once for each task.
 *
 * <p>In such a copy every tap of a filter reads a run of pixels that lies consecutively, whatever the stride, so that the
 * micro-kernel loads its columns straight from it: see {@link Planes}. A gap between the rows is multiplied too and thrown
 * away, or each row is made by itself with what is behind it up to a whole vector, whatever is less work; where both cost
 * too much (small pictures), the columns are gathered into packed panels, one panel of one block of k at a time. Products
 * without an epilogue are stored where the result lies, if its lines are whole vectors or follow each other: 64 filters of
 * 7x7 and stride 2 over 8x3x224x224, which write 26 MB, reach 181 of 230 GFLOP/s on two cores, where a copy from a tile in
 * cache made it 150. The gradient of a strided convolution falls into phases without zeros: see {@link Correlation}.
 */
final class ConvolutionKernel implements Kernel {
  static final long PARALLEL_OPERATIONS = 300_000;

  private final ConvolutionPart[] parts;
  private final int[] filterBases;
  private final int filterElements;
  private final long packTasks;
  private final long tasks;
  private final long work;
  private final int inputs;
  private final DType sums;

  private ConvolutionKernel(Convolution spec, boolean vector) {
    Correlation source = Correlation.of(spec);
    this.sums = Elements.sums(spec.first().dtype());
    this.inputs = spec.inputs().size();
    this.work = spec.operations();
    boolean parallel = work >= PARALLEL_OPERATIONS;
    this.parts = source.parts().stream()
        .map(p -> new ConvolutionPart(spec, source, p, vector, parallel))
        .toArray(ConvolutionPart[]::new);
    this.filterBases = new int[parts.length];
    long base = 0;
    for (int i = 0; i < parts.length; i++) {
      filterBases[i] = Math.toIntExact(base);
      base += parts[i].filterElements();
    }
    this.filterElements = Math.toIntExact(base);
    this.packTasks = Arrays.stream(parts).mapToLong(ConvolutionPart::packTasks).sum();
    this.tasks = Arrays.stream(parts).mapToLong(p -> p.tasks).sum();
  }

  /** A forward convolution or the gradient of its data. */
  static ConvolutionKernel of(Convolution spec, boolean vector) {
    ConvolutionKernel kernel = new ConvolutionKernel(spec, vector);
    if (kernel.work >= PARALLEL_OPERATIONS) {
      for (ConvolutionPart part : kernel.parts) {
        part.expect();
      }
    }
    return kernel;
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    Object filters = run.sharedArray(sums);
    if (!run.isPacked()) {
      pack(operands[1], filters, run, worker);
      run.barrier();
    }
    for (int t = run.firstTask(worker); t < tasks; t = run.nextTask()) {
      long task = t;
      int i = 0;
      while (task >= parts[i].tasks) {
        task -= parts[i++].tasks;
      }
      parts[i].run(task, operands, inputs, filters, filterBases[i], run, worker);
    }
  }

  private void pack(long operand, Object filters, Run run, int worker) {
    for (int t = run.firstTask(worker); t < packTasks; t = run.nextTask()) {
      long task = t;
      int i = 0;
      while (task >= parts[i].packTasks()) {
        task -= parts[i++].packTasks();
      }
      parts[i].packFilters(operand, task, filters, filterBases[i]);
    }
  }

  @Override
  public int workers(int most) {
    return work < PARALLEL_OPERATIONS ? 1 : (int) Math.min(most, Math.max(1, tasks));
  }

  @Override
  public long workerScratch() {
    return Arrays.stream(parts).mapToLong(ConvolutionPart::scratchBytes).max().orElse(0);
  }

  @Override
  public int scratchLongs() {
    return Arrays.stream(parts).mapToInt(p -> p.epilogue.epilogue.scratchLongs()).max().orElse(0);
  }

  @Override
  public HeapScratch heapScratch() {
    return new HeapScratch(sums, filterElements, 0);
  }

  @Override
  public int packedOperand() {
    return 1;
  }

  @Override
  public String variant() {
    return Arrays.stream(parts).map(ConvolutionPart::toString).collect(Collectors.joining("; "));
  }
}
