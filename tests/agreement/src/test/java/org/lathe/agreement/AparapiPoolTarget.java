package org.lathe.agreement;

import org.lathe.backends.aparapi.AparapiPoolDriver;
import org.lathe.conformance.ConformanceTarget;
import org.lathe.hal.device.Driver;

/** Aparapi's thread pool in the conformance suite. */
public final class AparapiPoolTarget implements ConformanceTarget {
  @Override
  public String name() {
    return "aparapi-jtp";
  }

  @Override
  public Driver driver() {
    return new AparapiPoolDriver();
  }
}
