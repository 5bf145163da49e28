package org.lathe.agreement;

import java.util.List;
import java.util.stream.Stream;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.conformance.device.DeviceConformanceSuite;

/** The device contract on every registered backend, and on the one that runs nothing. */
class DeviceConformanceTest extends DeviceConformanceSuite {
  @Override
  protected List<ConformanceTarget> targets() {
    return Stream.concat(super.targets().stream(), Stream.of(new NullTarget())).toList();
  }
}
