package org.lathe.backends.simt.bytecode;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.backends.simt.PlanCheck;
import org.lathe.backends.simt.ir.Kernel;
import org.lathe.backends.simt.ir.Parameter;
import org.lathe.backends.simt.plan.KernelPlan;
import org.lathe.backends.simt.plan.Site;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.backends.simt.schedule.RandomHeavyKernels;
import org.lathe.backends.simt.schedule.RandomKernels;
import org.lathe.backends.simt.schedule.Schedules;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Random kernels of every kind as classes of both dialects, run by this JVM and compared with the reference. */
class PlansTest {
  private static final int ROUNDS = 6;
  private static final int HEAVY_ROUNDS = 4;
  private static final long POINTS = 2000;
  private static final long MULTIPLY_ADDS = 4000;
  private static final List<Traits> DEVICES = List.of(
      PlanCheck.SMALL_GPU,
      PlanCheck.CPU,
      new Traits(Traits.Form.CPU, 2, 1, 1, 1024, 64 << 10, 60, true));

  static Stream<String> kinds() {
    return RandomKernels.kinds().keySet().stream();
  }

  static Stream<String> heavyKinds() {
    return RandomHeavyKernels.kinds().keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void kernelsOfEachKindAgreeWithTheReference(String kind) {
    check(kind, ROUNDS, seed -> RandomKernels.kinds().get(kind).apply(new RandomKernels(seed, POINTS)));
  }

  @ParameterizedTest
  @MethodSource("heavyKinds")
  void heavyKernelsAgreeWithTheReference(String kind) {
    check(kind, HEAVY_ROUNDS,
        seed -> RandomHeavyKernels.kinds().get(kind).apply(new RandomHeavyKernels(seed, MULTIPLY_ADDS)));
  }

  /** The property {@code lathe.tests.seed} repeats a seed that a failure names. */
  private static void check(String kind, int rounds, LongFunction<KernelSpec> random) {
    Long given = Long.getLong("lathe.tests.seed");
    long first = given == null ? new Random().nextLong() : given;
    for (long seed = first; seed < first + (given == null ? rounds : 1); seed++) {
      KernelSpec spec = random.apply(seed);
      List<Elements> in = Samples.inputs(spec, new Random(seed));
      List<Elements> expected = SpecReference.run(spec, in);
      for (Traits device : DEVICES) {
        if (Schedules.refuses(spec, device).isEmpty()) {
          check(kind + ", seed " + seed, device, spec, in, expected);
        }
      }
    }
  }

  private static void check(
      String start, Traits device, KernelSpec spec, List<Elements> in, List<Elements> expected) {
    KernelPlan plan = Schedules.plan(
        spec, new Site(device, false, Set.of(), Set.of()), Schedules.candidates(spec, device).getFirst());
    String what = start + ", " + spec + " on " + device + " as " + plan.variant();
    try {
      for (Kernel kernel : plan.kernels()) {
        AparapiClass.forAparapi(kernel, own(kernel));
      }
      List<Elements> aparapi = Elements.poisoned(spec.outputs());
      AparapiRun.run(plan, in, aparapi);
      Tolerance.check(what + ", for Aparapi", spec, expected, aparapi);
    } catch (Unwritable e) {
      // A register tile of vectors is many scalars. Without vectors every kernel has to fit.
      assertTrue(device.floatLanes() > 1 && String.valueOf(e.getMessage()).contains("bytes of code"), what + ": " + e);
    } catch (RuntimeException | LinkageError e) {
      throw new AssertionError(what + ", for Aparapi\n" + plan.kernels(), e);
    }
    if (plan.kernels().stream().allMatch(k -> TornadoClass.refuses(k, own(k)).isEmpty())) {
      try {
        List<Elements> tornado = Elements.poisoned(spec.outputs());
        TornadoRun.run(plan, in, tornado);
        Tolerance.check(what + ", for TornadoVM", spec, expected, tornado);
      } catch (RuntimeException | LinkageError e) {
        throw new AssertionError(what + ", for TornadoVM\n" + plan.kernels(), e);
      }
    }
  }

  /** An array for each memory. */
  private static List<Integer> own(Kernel kernel) {
    int memories = (int) kernel.parameters().stream().filter(Parameter.Global.class::isInstance).count();
    return IntStream.range(0, memories).boxed().toList();
  }
}
