package org.lathe.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicInteger;
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
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Probe;
import org.lathe.hal.validate.ValidatingDevice;

/**
 * {@link OpChecks} as JUnit tests, for every registered {@link ConformanceTarget}, with every call to the device checked.
 * A backend's tests subclass it, and that is all.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class OpConformanceSuite {
  private final List<Lathe> open = new ArrayList<>();

  @TestFactory
  Stream<DynamicNode> ops() {
    List<ConformanceTarget> targets = ServiceLoader.load(ConformanceTarget.class).stream()
        .map(ServiceLoader.Provider::get).toList();
    assertTrue(!targets.isEmpty(), "no backend is registered as a " + ConformanceTarget.class.getName());
    return targets.stream().map(this::target);
  }

  private DynamicNode target(ConformanceTarget target) {
    return switch (Drivers.probe(target.driver())) {
      case Probe.Unavailable(String reason, String remedy) ->
        DynamicTest.dynamicTest(target.name(), () -> Absence.of(target, reason, remedy));
      case Probe.Available(List<Device> devices) ->
        DynamicContainer.dynamicContainer(target.name(), devices.stream().map(d -> device(target, d)));
    };
  }

  private DynamicNode device(ConformanceTarget target, Device device) {
    Lathe lathe = Lathe.over(ValidatingDevice.wrap(device));
    open.add(lathe);
    OpChecks checks = new OpChecks(lathe, target.expectedSkips());
    AtomicInteger made = new AtomicInteger();
    Stream<DynamicNode> ops = Ops.all().stream().map(op -> DynamicContainer.dynamicContainer(
        op.name(), checks.checks(op).stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> run(c, made)))));
    DynamicTest last = DynamicTest.dynamicTest(
        "not everything is skipped",
        () -> assertTrue(made.get() > 0, "every check of " + target.name() + " is skipped"));
    return DynamicContainer.dynamicContainer(device.info().id(), Stream.concat(ops, Stream.of(last)));
  }

  private static void run(OpChecks.Check check, AtomicInteger made) {
    switch (check.run()) {
      case CheckResult.Skipped s -> Assumptions.abort(s.category() + ": " + s.reason());
      case CheckResult.Compared c -> {
        made.incrementAndGet();
        assertTrue(
            c.passed(), () -> c.what() + " on " + c.device() + ": " + c.detail() + "; error " + c.maxError()
                + ", allowed " + c.tolerance());
      }
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
