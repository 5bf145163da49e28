package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Launch;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.Contraction;

/** Batched matrix products. */
final class ContractionSchedule implements Schedule<Contraction> {
  private static final String FORM = "form";
  private static final int POINTS = 0;
  private static final int TILES = 1;
  private static final int DOTS = 2;
  private static final int LOCAL = 3;
  private static final int STREAM = 4;
  /** Up to so many multiply-adds it is not worth it to compile anything larger. */
  private static final long SMALL = 8192;

  @Override
  public List<Tuning> candidates(Contraction spec, Traits traits) {
    Tuning points = Tuning.of(Map.of(FORM, POINTS));
    if (traits.isPipeline()) {
      return List.of(Tuning.of(Map.of(FORM, STREAM)));
    }
    if (spec.space().product() == 0 || spec.k() == 0) {
      return List.of(points);
    }
    List<Tuning> all = new ArrayList<>();
    if (traits.isGpu()) {
      GpuProductTuning.candidates(GpuContraction.product(spec), traits)
          .forEach(t -> all.add(t.tuning().with(FORM, LOCAL)));
    } else {
      addCpuForms(all, spec, traits);
    }
    if (all.isEmpty() || spec.operations() <= 2 * SMALL) {
      all.addFirst(points);
    }
    return all;
  }

  private static void addCpuForms(List<Tuning> all, Contraction spec, Traits traits) {
    List<CpuContractionTuning> tiles = CpuContractionTuning.candidates(spec, traits);
    for (CpuContractionTuning t : tiles) {
      all.add(t.tuning().with(FORM, TILES));
    }
    if (CpuDots.fits(spec, traits)) {
      int rows = CpuDots.tileRows(spec);
      int columns = CpuDots.tileColumns(spec);
      int block = CpuDots.blockTiles(spec, traits, rows, columns);
      Tuning dots = Tuning.of(Map.of(FORM, DOTS, "rows", rows, "columns", columns, "block", block));
      boolean better = CpuDots.cost(spec, traits, rows, columns) < tiles.getFirst().cost(spec, traits);
      all.add(better ? 0 : 1, dots);
    }
  }

  @Override
  public KernelPlan plan(Contraction spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    return switch (tuning.get(FORM)) {
      case TILES -> CpuContraction.plan(spec, site, CpuContractionTuning.of(tuning));
      case DOTS -> CpuDots.plan(spec, site, tuning.get("rows"), tuning.get("columns"), tuning.get("block"));
      case LOCAL ->
        GpuProduct.plan(GpuContraction.product(spec), site, "contraction", GpuProductTuning.of(tuning));
      case STREAM -> PipelineContraction.plan(spec, site);
      default -> points(spec, site);
    };
  }

  private static KernelPlan points(Contraction spec, Site site) {
    LaunchBuilder k = new LaunchBuilder("contraction", spec, site);
    Memory a = k.input(0, "a");
    Memory b = k.input(1, "b");
    Finish finish = Finish.of(k, spec.epilogue(), spec.space(), 2);
    Factors f = new Factors(spec, false);
    int rank = spec.batch().rank();
    Launch launch = PointForm.launch(k, site, spec.space(), (point, at) -> {
      List<Value> batch = at.subList(0, rank);
      Variable sum = k.variable("sum", Values.constant(spec.accumulator(), 0));
      k.loop("l", spec.k(), l -> k.assign(
          sum,
          ProductTile.multiplyAdd(
              Values.load(a, f.rowElement(batch, at.get(rank), l)),
              Values.load(b, f.columnElement(batch, at.get(rank + 1), l)),
              Values.read(sum))));
      finish.write(Values.read(sum), at);
    });
    return KernelPlan.of("a work item for each of " + spec.space().product() + " points", launch);
  }
}
