package org.lathe.agreement;

import org.lathe.backends.opencl.OpenClDriver;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.hal.device.Driver;

/** The opencl backend in the conformance suite: every device of this machine, such as PoCL's. */
public final class OpenClTarget implements ConformanceTarget {
  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public boolean isRequired() {
    return ConformanceTarget.isRequiredByProperty(name());
  }

  @Override
  public Driver driver() {
    return new OpenClDriver();
  }
}
