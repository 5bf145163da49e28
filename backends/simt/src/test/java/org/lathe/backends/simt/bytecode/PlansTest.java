package org.lathe.backends.simt.bytecode;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.backends.simt.PlanCheck;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.RandomKernels;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.backends.simt.schedule.Tuning;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Schedules' kernels as classes, run by this JVM and compared with the reference. */
class PlansTest {
  private static final List<Traits> DEVICES = List.of(
      PlanCheck.SMALL_GPU,
      PlanCheck.CPU,
      new Traits(Traits.Form.CPU, 2, 1, 1, 1024, 64 << 10, 60, true));

  static Set<String> kinds() {
    return RandomKernels.kinds().keySet();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void kernelsOfEachKindAgreeWithTheReference(String kind) {
    long seed = new Random().nextLong();
    RandomKernels kernels = new RandomKernels(seed, 2000);
    for (int i = 0; i < 12; i++) {
      KernelSpec spec = RandomKernels.kinds().get(kind).apply(kernels);
      List<Elements> in = Samples.inputs(spec, new Random(seed + i));
      List<Elements> expected = SpecReference.run(spec, in);
      for (Traits device : DEVICES) {
        if (Schedules.refuses(spec, device).isPresent()) {
          continue;
        }
        Tuning tuning = Schedules.candidates(spec, device).getFirst();
        KernelPlan plan = Schedules.plan(spec, new Site(device, false, Set.of(), Set.of()), tuning);
        List<Elements> found = new ArrayList<>(Elements.poisoned(spec.outputs()));
        String what = "seed " + seed + ", " + spec + " on " + device + " as " + plan.variant();
        try {
          AparapiRun.run(plan, in, found);
        } catch (RuntimeException | Error e) {
          throw new AssertionError(what + "\n" + plan.kernels(), e);
        }
        Tolerance.check(what, spec, expected, found);
      }
    }
  }
}
