package org.lathe.backends.aparapi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lathe.hal.device.Device;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.reference.Elements;
import org.lathe.reference.Samples;
import org.lathe.reference.SpecReference;
import org.lathe.reference.Tolerance;

/** Kernels of every kind by each route against the reference. */
class KernelsTest {
  /** What runs them. */
  enum Way {
    SOURCE, BYTECODE, THREAD_POOL;

    Device open() {
      return this == THREAD_POOL ? Runs.open(new AparapiPoolDriver()) : Runs.open(Route.valueOf(name()));
    }
  }

  private static final Map<Way, Device> DEVICES = new EnumMap<>(Way.class);

  @AfterAll
  static void close() {
    DEVICES.values().forEach(d -> {
      assertEquals(0, d.allocator().openBuffers());
      d.close();
    });
  }

  static Stream<Arguments> cases() {
    return Stream.of(Way.values())
        .flatMap(way -> Specs.all().keySet().stream().map(name -> Arguments.of(way, name)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("cases")
  void kernelsAgreeWithTheReference(Way way, String name) {
    Device device = DEVICES.computeIfAbsent(way, Way::open);
    KernelSpec spec = Specs.all().get(name);
    long seed = new Random().nextLong();
    List<Elements> in = Samples.inputs(spec, new Random(seed));
    Tolerance.check("seed " + seed, spec, SpecReference.run(spec, in), Runs.run(device, spec, in));
  }
}
