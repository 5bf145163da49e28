package org.lathe.conformance.device;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.lathe.conformance.Absence;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.conformance.ConformanceTarget.Category;
import org.lathe.conformance.ConformanceTarget.ExpectedSkip;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Probe;
import org.lathe.hal.device.Unsupported;

/**
 * What {@code org.lathe.hal.device} promises, as JUnit tests for every registered {@link ConformanceTarget}: memory,
 * programs, replay, threads, errors. A backend's tests subclass it, and that is all.
 *
 * <p>The checks are named {@code device/...} in a target's {@link ConformanceTarget#expectedSkips}. A check that is listed
 * there has to fail, with {@link Unsupported} where the category is {@link Category#KERNEL}; an entry that matches no check
 * is an error, and so is a device on which nothing passes. Most programs need only the kernel {@code Map} on f32 and bool.
 */
public abstract class DeviceConformanceSuite {
  private static final String SUITE = "device/";

  /** The backends to test; all registered ones unless a subclass says otherwise. */
  protected List<ConformanceTarget> targets() {
    return ServiceLoader.load(ConformanceTarget.class).stream().map(ServiceLoader.Provider::get).toList();
  }

  @TestFactory
  Stream<DynamicNode> device() {
    List<ConformanceTarget> targets = targets();
    Assertions.assertFalse(targets.isEmpty(), "no backend is registered as a " + ConformanceTarget.class.getName());
    return targets.stream().map(DeviceConformanceSuite::tests);
  }

  private static DynamicNode tests(ConformanceTarget target) {
    return switch (Drivers.probe(target.driver())) {
      case Probe.Unavailable(String reason, String remedy) ->
        DynamicTest.dynamicTest(target.name(), () -> Absence.of(target, reason, remedy));
      case Probe.Available(List<Device> devices) ->
        DynamicContainer.dynamicContainer(target.name(), devices.stream().map(d -> new Runner(target, d).tests()));
    };
  }

  static List<Case> cases() {
    return Stream.of(MemoryCases.all(), ProgramCases.all(), ReplayCases.all(), ErrorCases.all()).flatMap(List::stream)
        .toList();
  }

  /** All cases on one device. */
  private static final class Runner {
    private final ConformanceTarget target;
    private final Session session;
    private final String device;
    private final Set<ExpectedSkip> used = new HashSet<>();
    private int passed;

    Runner(ConformanceTarget target, Device device) {
      this.target = target;
      this.session = new Session(target.driver(), device);
      this.device = device.info().id();
    }

    DynamicNode tests() {
      List<DynamicNode> tests = new ArrayList<>();
      cases().forEach(c -> tests.add(DynamicTest.dynamicTest(c.name(), () -> run(c))));
      tests.add(DynamicTest.dynamicTest("verdict", this::verdict));
      return DynamicContainer.dynamicContainer(device, tests);
    }

    private void run(Case c) {
      String name = SUITE + c.name();
      Optional<ExpectedSkip> expected = target.expectedSkips().stream().filter(s -> s.covers(name)).findFirst();
      expected.ifPresent(used::add);
      if (expected.isPresent() && expected.get().harmful()) {
        Assumptions.abort(describe(expected.get()));
      }
      Throwable failure = failure(c);
      if (expected.isEmpty()) {
        if (failure != null) {
          Assertions.fail(device + " fails " + name + ": " + failure, failure);
        }
        passed++;
        return;
      }
      ExpectedSkip skip = expected.get();
      if (failure == null) {
        Assertions.fail(
            device + " passes " + name + ", which is listed as not passing (" + skip.reason() + "): remove the entry '"
                + skip.check() + "'");
      }
      if (skip.category() == Category.KERNEL && !(failure instanceof Unsupported)) {
        Assertions.fail(device + " fails " + name + " otherwise than by refusing a kernel: " + failure, failure);
      }
      Assumptions.abort(describe(skip));
    }

    private @Nullable Throwable failure(Case c) {
      int before = session.device().allocator().openBuffers();
      try {
        c.body().run(session);
      } catch (VirtualMachineError e) {
        throw e;
      } catch (Throwable e) {
        return e;
      }
      int after = session.device().allocator().openBuffers();
      return after == before
          ? null
          : new AssertionError("it began with " + before + " open buffers and ended with " + after);
    }

    private void verdict() {
      session.device().close();
      List<ExpectedSkip> unused = target.expectedSkips().stream()
          .filter(s -> s.check().startsWith(SUITE) && !used.contains(s)).toList();
      Assertions.assertTrue(unused.isEmpty(), () -> "expected skips that match no check: " + unused);
      Assertions.assertTrue(passed > 0, () -> "every check of " + device + " is skipped");
    }

    private static String describe(ExpectedSkip skip) {
      return skip.category() + ": " + skip.reason();
    }
  }
}
