package org.lathe.agreement;

import org.lathe.backends.cpu.CpuDriver;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.hal.device.Driver;

/** The cpu backend in the conformance suite. */
public final class CpuTarget implements ConformanceTarget {
  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public Driver driver() {
    return new CpuDriver();
  }
}
