package org.lathe.agreement;

import org.lathe.backends.tornadovm.TornadoDriver;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.hal.device.Driver;

/** OpenCL devices through TornadoVM in the conformance suite, where TORNADOVM_HOME is set. */
public final class TornadoTarget implements ConformanceTarget {
  @Override
  public String name() {
    return "tornadovm";
  }

  @Override
  public boolean isRequired() {
    return ConformanceTarget.isRequiredByProperty(name());
  }

  @Override
  public Driver driver() {
    return new TornadoDriver();
  }
}
