package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Parameter.Access;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Copy;
import org.lathe.hal.spec.View;

/** Copies, in words where the bytes are some. */
final class CopySchedule implements Schedule<Copy> {

  @Override
  public KernelPlan plan(Copy spec, Site site, Tuning tuning) {
    if (spec.bytes() == 0) {
      return KernelPlan.nothing();
    }
    DType unit = site.aligned() && spec.bytes() % DType.I32.bytes() == 0 ? DType.I32 : DType.U8;
    long elements = spec.bytes() / unit.bytes();
    LaunchBuilder k = new LaunchBuilder("copy", spec, site);
    Memory in = k.input(0, "in", unit, elements);
    Memory out = k.output(0, "out", Access.WRITE, unit, elements);
    View dense = View.of(unit, 1);
    return new Points(k, site, Dims.of(elements), List.of(dense), Vectors.lanes(elements, site.traits()), true)
        .plan(elements, cursor -> cursor.write(k, out, dense, cursor.read(k, in, dense)));
  }
}
