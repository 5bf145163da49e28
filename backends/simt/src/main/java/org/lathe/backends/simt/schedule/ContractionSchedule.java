package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.Memory;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.backends.simt.ir.Variable;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.LaunchBuilder;
import org.lathe.backends.simt.plan.Site;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Contraction;

/** Batched matrix products. */
final class ContractionSchedule implements Schedule<Contraction> {

  @Override
  public KernelPlan plan(Contraction spec, Site site, Tuning tuning) {
    if (spec.space().product() == 0) {
      return KernelPlan.nothing();
    }
    LaunchBuilder k = new LaunchBuilder("contraction", spec, site);
    Memory a = k.input(0, "a");
    Memory b = k.input(1, "b");
    Finish finish = new Finish(k, spec.epilogue(), spec.space(), 2);
    Dims aSpace = spec.batch().append(Dims.of(spec.m(), spec.k()));
    Dims bSpace = spec.batch().append(Dims.of(spec.k(), spec.n()));
    int rank = spec.batch().rank();
    return PointForm.plan(k, site, spec.space(), finish, at -> {
      Variable sum = k.variable("sum", PointForm.zero(spec.accumulator()));
      k.loop("l", spec.k(), l -> {
        List<Value> atA = new ArrayList<>(at);
        atA.set(rank + 1, l);
        List<Value> atB = new ArrayList<>(at);
        atB.set(rank, l);
        k.assign(
            sum,
            PointForm.multiplyAdd(
                Values.load(a, Accesses.element(spec.a(), atA, aSpace)),
                Values.load(b, Accesses.element(spec.b(), atB, bSpace)),
                Values.read(sum)));
      });
      return Values.read(sum);
    });
  }
}
