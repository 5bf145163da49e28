package org.lathe.backends.cpu;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

/**
 * Elementwise nests. The floor is each input read once and each output written once: 8 bytes a point for f32 to f32,
 * which a worker moves at the speed of a copy while the expression has fewer than about 40 vector operations.
 */
final class MapKernel implements Kernel {
  /** Nanoseconds of work that repay waking a worker. */
  static final double WORTH_A_WORKER = 25_000;

  /** Bytes read or written in a nanosecond by one worker, from memory. */
  static final double MOVED_PER_NANOSECOND = 16;

  /** Nests smaller than this are run by scalar loops, which are fast before they are hot. */
  private static final long SCALAR_POINTS = 64;

  private final Map spec;
  private final List<MapNest> nests = new ArrayList<>();
  private final MapNest[] array;
  private final double cost;

  private MapKernel(Map spec) {
    this.spec = spec;
    List<DType> inputs = spec.inputViews().stream().map(View::dtype).toList();
    List<DType> outputs = spec.outputViews().stream().map(View::dtype).toList();
    boolean vector = spec.space().product() >= SCALAR_POINTS;
    if (spec.space().product() > 0 && !outputs.isEmpty()) {
      for (Boxes.Box box : Boxes.of(spec.space(), spec.inputViews())) {
        Nest nest = new Nest.Builder(box.low(), box.sizes())
            .views(spec.inputViews())
            .views(spec.outputViews())
            .indices(spec.expr())
            .build();
        nests.add(new MapNest(nest, box.expr(spec.expr(), spec.inputViews()), inputs, outputs, vector));
      }
    }
    array = nests.toArray(MapNest[]::new);
    cost = nests.stream().mapToDouble(MapNest::cost).sum();
  }

  static Kernel of(Map spec) {
    return new MapKernel(spec);
  }

  @Override
  public void part(long[] operands, Run run, int worker, int workers) {
    for (MapNest nest : array) {
      nest.part(operands, run.longs(worker), run.workerScratch(worker), worker, workers);
    }
  }

  @Override
  public int workers(int most) {
    return workers(cost, most);
  }

  /** How many workers some nanoseconds of work are worth. */
  static int workers(double nanoseconds, int most) {
    return (int) Math.clamp((long) (nanoseconds / WORTH_A_WORKER), 1, most);
  }

  @Override
  public long workerScratch() {
    return nests.stream().mapToLong(MapNest::scratchBytes).max().orElse(0);
  }

  @Override
  public int scratchLongs() {
    return nests.stream().mapToInt(MapNest::scratchLongs).max().orElse(0);
  }

  @Override
  public String variant() {
    return nests.isEmpty() ? "nothing" : String.join("; ", nests.stream().map(MapNest::variant).toList());
  }

  @Override
  public String source() {
    return spec.expr().toString();
  }
}
