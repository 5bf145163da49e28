package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

/**
 * Elementwise nests. GPUs take a work item for each point, or for four neighbours where all views allow it, along the
 * dimension in which the output is contiguous; CPUs and pipelines sweep.
 */
final class MapSchedule implements Schedule<Map> {
  private static final int GROUP = 256;
  private static final int GPU_LANES = 4;
  /** Below it a GPU has work items to spare for single points. */
  private static final long POINTS_OF_AN_UNIT = 8192;

  @Override
  public KernelPlan plan(Map spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    List<View> views = new ArrayList<>(spec.inputViews());
    views.addAll(spec.outputViews());
    View order = spec.outputViews().isEmpty() ? null : spec.outputViews().getFirst();
    Nest nest = Nest.of(spec.space(), spec.space().rank(), views, Nest.counted(spec.expr()), order);
    return new Writer(spec, site, nest).plan();
  }

  private static final class Writer {
    private final Map spec;
    private final Site site;
    private final Nest nest;
    private final LaunchBuilder k;
    private final List<Memory> in = new ArrayList<>();
    private final List<Memory> out = new ArrayList<>();
    private final List<View> inputs;
    private final List<View> outputs;

    Writer(Map spec, Site site, Nest nest) {
      this.spec = spec;
      this.site = site;
      this.nest = nest;
      k = new LaunchBuilder("map", spec, site);
      inputs = nest.views.subList(0, spec.inputViews().size());
      outputs = nest.views.subList(inputs.size(), nest.views.size());
      for (int i = 0; i < inputs.size(); i++) {
        in.add(k.input(i, "in" + i));
      }
      for (int j = 0; j < outputs.size(); j++) {
        out.add(k.output(j, "out" + j));
      }
    }

    KernelPlan plan() {
      return site.traits().isGpu() ? items() : sweep();
    }

    private void point(Cursor cursor) {
      List<Value> x = cursor.readAll(k, in, inputs);
      List<Value> y = Exprs.write(k, spec.expr(), x, nest.original(cursor.coordinates()));
      cursor.writeAll(k, out, outputs, y);
    }

    private KernelPlan items() {
      Dims space = nest.space;
      int last = space.rank() - 1;
      int lanes = wide() ? GPU_LANES : 1;
      Dims vectors = lanes == 1 ? space : space.with(last, space.get(last) / lanes);
      long items = vectors.product();
      long group = Math.min(GROUP, site.traits().maxGroup());
      Value item = Accesses.item(k, items, group);
      k.when(Values.less(item, items), () -> {
        List<Value> at = Accesses.coordinates(k, item, vectors);
        point(lanes == 1
            ? Cursor.at(space, at)
            : Cursor.at(space, at).run(last, k.let("i", Values.mul(at.getLast(), lanes)), lanes));
      });
      return KernelPlan.of("a work item for each of " + items + (lanes == 1 ? " points" : " vectors of " + lanes),
          k.launch(items, group));
    }

    /** Whether vectors along the last dimension pay. */
    private boolean wide() {
      Dims space = nest.space;
      int last = space.rank() - 1;
      if (last < 0 || space.get(last) % GPU_LANES != 0
          || space.product() < POINTS_OF_AN_UNIT * site.traits().computeUnits()) {
        return false;
      }
      return nest.views.stream().allMatch(v -> (v.strides().get(last) == 0 || v.strides().get(last) == 1)
          && !Nest.isGuarded(v, last, space.get(last)));
    }

    private KernelPlan sweep() {
      boolean repeat = site.aliasedOutputs().isEmpty();
      double cost = spec.space().product() * (1.0 + spec.expr().operations());
      int lanes = site.traits().isCpu() ? Vectors.lanes(nest, nest.rank() - 1, site.traits()) : 1;
      Sweep sweep = new Sweep(k, nest.space, lanes, nest.views, repeat);
      long items = sweep.emit(Sweep.items(site.traits(), cost), this::point);
      return KernelPlan.of(items + " work items, vectors of " + lanes + " over " + nest.space, k.launch(items, 1));
    }
  }
}
