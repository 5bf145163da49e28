package org.lathe.backends.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.KernelSpec;

/** Every kernel of the family through OpenCL C. */
class KernelsTest {
  @Test
  void everyMemberIsThere() {
    Set<Class<?>> there = SmallSpecs.all().stream().map(KernelSpec::getClass).collect(Collectors.toSet());
    assertEquals(Set.of(KernelSpec.class.getPermittedSubclasses()), there);
  }

  /** As a GPU gets them, with groups, local memory and barriers; as this device likes them best they are in conformance. */
  @Test
  void kernelsForGpusComputeWhatTheyMean() {
    try (OpenClDevice d = Devices.open(o -> o.with(Traits.Form.GPU))) {
      List<KernelSpec> specs = SmallSpecs.all().stream().filter(s -> d.refuses(s).isEmpty()).toList();
      KernelRun.check(d, specs, new Random().nextLong());
    }
  }
}
