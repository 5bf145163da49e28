package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.spec.Map;

/** A work item for each point. */
final class MapSchedule implements Schedule<Map> {
  private static final int GROUP = 256;

  @Override
  public KernelPlan plan(Map spec, Site site, Tuning tuning) {
    long points = spec.space().product();
    if (points == 0) {
      return KernelPlan.nothing();
    }
    LaunchBuilder k = new LaunchBuilder("map", spec, site);
    List<Memory> in = new ArrayList<>();
    List<Memory> out = new ArrayList<>();
    for (int i = 0; i < spec.inputViews().size(); i++) {
      in.add(k.input(i, "in" + i));
    }
    for (int j = 0; j < spec.outputViews().size(); j++) {
      out.add(k.output(j, "out" + j));
    }
    long group = Math.min(GROUP, site.traits().maxGroup());
    Value item = Accesses.item(k, points, group);
    k.when(Values.less(item, points), () -> {
      List<Value> at = Accesses.coordinates(k, item, spec.space());
      List<Value> inputs = new ArrayList<>();
      for (int i = 0; i < in.size(); i++) {
        inputs.add(Accesses.read(k, in.get(i), spec.inputViews().get(i), at, spec.space()));
      }
      List<Value> results = Exprs.write(k, spec.expr(), inputs, at);
      for (int j = 0; j < out.size(); j++) {
        Accesses.write(k, out.get(j), spec.outputViews().get(j), at, spec.space(), results.get(j));
      }
    });
    return KernelPlan.of("a work item for each of " + points + " points", k.launch(points, group));
  }
}
