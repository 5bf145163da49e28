package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;

/** Every kernel of the family through OpenCL C, as each kind of device gets it. */
class KernelsTest {
  @Test
  void everyMemberIsThere() {
    Set<Class<?>> there = SmallSpecs.all().stream().map(KernelSpec::getClass).collect(Collectors.toSet());
    assertEquals(Set.of(KernelSpec.class.getPermittedSubclasses()), there);
  }

  @ParameterizedTest
  @EnumSource
  void kernelsComputeWhatTheyMean(Traits.Form form) {
    try (OpenClDevice d = Devices.open(o -> o.with(form))) {
      List<KernelSpec> specs = SmallSpecs.all().stream().filter(s -> d.refuses(s).isEmpty()).toList();
      KernelRun.check(d, specs, new Random().nextLong(), true);
    }
  }
}
