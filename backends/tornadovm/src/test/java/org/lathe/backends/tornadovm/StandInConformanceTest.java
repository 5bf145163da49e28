package org.lathe.backends.tornadovm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.lathe.compiler.op.Ops;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.conformance.CheckResult;
import org.lathe.conformance.OpChecks;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Probe;
import org.lathe.hal.validate.ValidatingDevice;

/**
 * Conformance checks of ops through the backend by each route, over classes in the place of TornadoVM's: no run of TornadoVM.
 * A few drawn at random, as each compiles kernels of its own; {@code -Dlathe.tornadovm.checks=6000} takes all.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StandInConformanceTest {
  private static final int CHECKS = Integer.getInteger("lathe.tornadovm.checks", 30);
  private static final long SEED = Long.getLong("lathe.tornadovm.seed", System.nanoTime());

  private final List<Lathe> open = new ArrayList<>();

  @TestFactory
  Stream<DynamicNode> checks() {
    return Stream.of(Route.values()).map(this::checks);
  }

  private DynamicNode checks(Route route) {
    return switch (Drivers.probe(new StandInDriver(route))) {
      case Probe.Unavailable(String reason, String _) ->
        DynamicTest.dynamicTest(route.words(), () -> Assumptions.abort(reason));
      case Probe.Available available -> {
        Lathe lathe = Lathe.over(ValidatingDevice.wrap(available.devices().getFirst()));
        open.add(lathe);
        OpChecks checks = new OpChecks(lathe, List.of());
        List<OpChecks.Check> all = new ArrayList<>(
            Ops.all().stream().flatMap(op -> checks.checks(op).stream()).toList());
        java.util.Collections.shuffle(all, new Random(SEED + route.ordinal()));
        yield DynamicContainer.dynamicContainer(
            route.words() + ", seed " + SEED, all.stream().limit(CHECKS).map(
                c -> DynamicTest.dynamicTest(c.name(), () -> run(c))));
      }
    };
  }

  private static void run(OpChecks.Check check) {
    switch (check.run()) {
      case CheckResult.Skipped s -> Assumptions.abort(s.category() + ": " + s.reason());
      case CheckResult.Compared c -> assertTrue(
          c.passed(), () -> c.what() + ": " + c.detail() + "; error " + c.maxError() + ", allowed " + c.tolerance()
              + "; -Dlathe.tornadovm.seed=" + SEED);
    }
  }

  @AfterAll
  void nothingLeaks() {
    for (Lathe lathe : open) {
      int arrays = lathe.openArrays();
      lathe.close();
      assertEquals(0, arrays, "arrays left open");
    }
  }
}
