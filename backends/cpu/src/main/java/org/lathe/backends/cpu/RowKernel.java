package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lathe.hal.spec.RowProgram;

/**
 * Row programs. The floor is each input read once and each output written once: 8 bytes an element for a softmax of f32,
 * 12 for its gradient; all further passes over a row find it in the first caches. Stages that need not wait for each other
 * share a pass: softmax with its gradient, 4096 rows of 1024 (67 MB), takes two and one for the results, 2.5 ms on two
 * AVX-512 cores, 26 GB/s, where copies of as much memory take 1.4 ms and exponentials alone 0.6 ms.
 */
final class RowKernel implements Kernel {
  private final RowProgram spec;
  private final RowNest[] nests;
  private final double cost;

  private RowKernel(RowProgram spec) {
    this.spec = spec;
    List<RowNest> list = new ArrayList<>();
    if (spec.space().product() > 0 && !spec.outputViews().isEmpty()) {
      int rank = spec.rows().rank();
      List<Boxes.Box> boxes = Boxes.of(spec.space(), spec.inputViews());
      for (int i = 0; i < boxes.size();) {
        int from = i;
        long[] low = Arrays.copyOf(boxes.get(i).low(), rank);
        long[] sizes = Arrays.copyOf(boxes.get(i).sizes(), rank);
        while (i < boxes.size() && Arrays.equals(low, Arrays.copyOf(boxes.get(i).low(), rank))) {
          i++;
        }
        list.add(RowNest.of(spec, low, sizes, boxes.subList(from, i)));
      }
    }
    nests = list.toArray(RowNest[]::new);
    cost = list.stream().mapToDouble(RowNest::cost).sum();
  }

  static Kernel of(RowProgram spec) {
    return new RowKernel(spec);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    for (RowNest nest : nests) {
      nest.part(operands, run.longs(worker), run.workerScratch(worker), worker, workers);
    }
  }

  @Override
  public int workers(int most) {
    return MapKernel.workers(cost, most);
  }

  @Override
  public long workerScratch() {
    return Arrays.stream(nests).mapToLong(RowNest::scratchBytes).max().orElse(0);
  }

  @Override
  public int scratchLongs() {
    return Arrays.stream(nests).mapToInt(RowNest::scratchLongs).max().orElse(0);
  }

  @Override
  public String variant() {
    return nests.length == 0
        ? "nothing"
        : String.join("; ", Arrays.stream(nests).map(RowNest::variant).toList());
  }

  @Override
  public String source() {
    StringBuilder s = new StringBuilder();
    spec.stages().forEach(stage -> s.append(stage.combiner()).append(' ').append(stage.expr()).append('\n'));
    return s.append(spec.result()).toString();
  }
}
