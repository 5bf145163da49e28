package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lathe.hal.spec.Reduce;

/**
 * Reductions. The floor is each producer input read once: 4 bytes a point for a sum of f32.
 */
final class ReduceKernel implements Kernel {
  private final Reduce spec;
  private final ReduceNest[] nests;
  private final boolean chunked;
  private final double cost;

  private ReduceKernel(Reduce spec) {
    this.spec = spec;
    List<ReduceNest> list = new ArrayList<>();
    if (spec.kept().product() > 0 && !spec.outputViews().isEmpty()) {
      int rank = spec.kept().rank();
      List<Boxes.Box> boxes = Boxes.of(spec.space(), spec.inputViews());
      // Boxes come with the kept dimensions outermost, so that those with the same kept points are neighbours.
      for (int i = 0; i < boxes.size();) {
        int from = i;
        long[] low = Arrays.copyOf(boxes.get(i).low(), rank);
        long[] sizes = Arrays.copyOf(boxes.get(i).sizes(), rank);
        while (i < boxes.size() && Arrays.equals(low, Arrays.copyOf(boxes.get(i).low(), rank))) {
          i++;
        }
        list.add(new ReduceNest(spec, low, sizes, boxes.subList(from, i)));
      }
      if (boxes.isEmpty()) {
        list.add(new ReduceNest(spec, new long[rank], spec.kept().toArray(), List.of()));
      }
    }
    nests = list.toArray(ReduceNest[]::new);
    chunked = list.stream().anyMatch(ReduceNest::isChunked);
    cost = list.stream().mapToDouble(ReduceNest::cost).sum();
  }

  static Kernel of(Reduce spec) {
    return new ReduceKernel(new Reduce(spec.kept(), spec.reduced(), spec.inputViews(), Exprs.distinct(spec.producer()),
        spec.combiners(), spec.epilogueInputs(), Exprs.distinct(spec.epilogue()), spec.outputViews()));
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    long[] a = run.longs(worker);
    for (int i = 0; i < nests.length; i++) {
      nests[i].reduce(operands, run, a, worker, workers);
      if (nests[i].isChunked()) {
        run.barrier();
        nests[i].combine(operands, run, a, worker, workers);
        if (i + 1 < nests.length) {
          run.barrier();
        }
      }
    }
  }

  @Override
  public int workers(int most) {
    return MapKernel.workers(cost, most);
  }

  @Override
  public long sharedScratch() {
    return Arrays.stream(nests).mapToLong(ReduceNest::sharedScratch).max().orElse(0);
  }

  @Override
  public long workerScratch() {
    return Arrays.stream(nests).mapToLong(ReduceNest::workerScratch).max().orElse(0);
  }

  @Override
  public int scratchLongs() {
    return Arrays.stream(nests).mapToInt(ReduceNest::scratchLongs).max().orElse(0);
  }

  @Override
  public String variant() {
    return nests.length == 0
        ? "nothing"
        : String.join("; ", Arrays.stream(nests).map(ReduceNest::variant).toList())
            + (chunked ? ", combined after a barrier" : "");
  }

  @Override
  public String source() {
    return spec.producer() + "\n" + spec.epilogue();
  }
}
