package org.lathe.backends.simt.schedule;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.backends.simt.PlanCheck;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Combiner;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Scatter;

/** Plans of random kernels for every kind of device, run in the interpreter and compared with the reference. */
class RandomPlansTest {
  private static final int ROUNDS = 12;
  private static final long POINTS = 2500;
  private static final int HEAVY_ROUNDS = 6;
  private static final long MULTIPLY_ADDS = 20_000;

  static Stream<String> kinds() {
    return RandomKernels.kinds().keySet().stream();
  }

  static Stream<String> heavyKinds() {
    return RandomHeavyKernels.kinds().keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("heavyKinds")
  void plansOfHeavyKernelsComputeWhatTheySay(String kind) {
    long first = new Random().nextLong();
    for (long seed = first; seed < first + HEAVY_ROUNDS; seed++) {
      KernelSpec spec = RandomHeavyKernels.kinds().get(kind).apply(new RandomHeavyKernels(seed, MULTIPLY_ADDS));
      try {
        PlanCheck.check(spec);
      } catch (AssertionError e) {
        throw new AssertionError(kind + " of seed " + seed + "L: " + e.getMessage(), e);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void plansComputeWhatTheirKernelsSay(String kind) {
    long first = new Random().nextLong();
    for (long seed = first; seed < first + ROUNDS; seed++) {
      KernelSpec spec = RandomKernels.kinds().get(kind).apply(new RandomKernels(seed, POINTS));
      try {
        PlanCheck.check(spec);
      } catch (AssertionError e) {
        throw new AssertionError(kind + " of seed " + seed + "L: " + e.getMessage(), e);
      }
    }
  }

  @Test
  void aLargeScatterSortsItsIndicesOnGpus() {
    for (DType index : new DType[]{DType.I32, DType.I64}) {
      PlanCheck.check(new Scatter(Combiner.SUM, true, DType.F32, index, 301, 65, 307), PlanCheck.GPU, 7);
      PlanCheck.check(new Scatter(Combiner.SUM, false, DType.F16, index, 600, 33, 601), PlanCheck.SMALL_GPU, 7);
    }
  }
}
