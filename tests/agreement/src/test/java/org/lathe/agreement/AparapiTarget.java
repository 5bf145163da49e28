package org.lathe.agreement;

import org.lathe.backends.aparapi.AparapiDriver;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.hal.device.Driver;

/** Aparapi's OpenCL devices in the conformance suite. */
public final class AparapiTarget implements ConformanceTarget {
  @Override
  public String name() {
    return "aparapi";
  }

  @Override
  public boolean isRequired() {
    return ConformanceTarget.isRequiredByProperty(name());
  }

  @Override
  public Driver driver() {
    return new AparapiDriver();
  }
}
