package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.spec.Map;
import org.lathe.hal.spec.View;

/** Elementwise nests, with the dimension in which the first output is contiguous as the last. */
final class MapSchedule implements Schedule<Map> {

  @Override
  public KernelPlan plan(Map spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    List<View> views = new ArrayList<>(spec.inputViews());
    views.addAll(spec.outputViews());
    View order = spec.outputViews().isEmpty() ? null : spec.outputViews().getFirst();
    Nest nest = Nest.of(spec.space(), spec.space().rank(), views, Nest.counted(spec.expr()), order);
    List<View> inputs = nest.views.subList(0, spec.inputViews().size());
    List<View> outputs = nest.views.subList(inputs.size(), nest.views.size());
    LaunchBuilder k = new LaunchBuilder("map", spec, site);
    List<Memory> in = new ArrayList<>();
    List<Memory> out = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      in.add(k.input(i, "in" + i));
    }
    for (int j = 0; j < outputs.size(); j++) {
      out.add(k.output(j, "out" + j));
    }
    Points points = new Points(k, site, nest.space, nest.views, Vectors.lanes(nest, nest.rank() - 1, site.traits()),
        site.aliasedOutputs().isEmpty()).tiledAlong(Vectors.acrossDim(nest));
    return points.plan(spec.space().product() * (1.0 + spec.expr().operations()), cursor -> {
      List<Value> x = cursor.readAll(k, in, inputs);
      List<Value> y = Exprs.write(k, spec.expr(), x, nest.original(cursor.coordinates()));
      cursor.writeAll(k, out, outputs, y);
    });
  }
}
