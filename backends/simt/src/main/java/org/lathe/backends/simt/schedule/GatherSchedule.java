package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Gather;
import org.lathe.hal.spec.View;

/** Rows of a table by index: points of the result. */
final class GatherSchedule implements Schedule<Gather> {

  @Override
  public KernelPlan plan(Gather spec, Site site, Tuning tuning) {
    Dims space = Dims.of(spec.count(), spec.width());
    if (space.product() == 0) {
      return KernelPlan.nothing();
    }
    LaunchBuilder k = new LaunchBuilder("gather", spec, site);
    Memory table = k.input(0, "table");
    Memory indices = k.input(1, "indices");
    Memory out = k.output(0, "out");
    View dense = View.dense(spec.dtype(), space);
    int lanes = Vectors.lanes(spec.width(), site.traits());
    return new Points(k, site, space, List.of(dense), lanes, true).plan(2.0 * space.product(), cursor -> {
      Value row = Rows.row(k, indices, cursor.at().get(0), spec.rows());
      Value from = Rows.element(row, cursor.at().get(1), spec.rows(), spec.width());
      cursor.write(k, out, dense, k.let("x", Values.load(table, from, cursor.lanes(), false)));
    });
  }
}
