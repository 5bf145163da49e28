package org.lathe.backends.cpu;

import java.util.List;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/** The CPU that Java runs on, as one device; always there. */
public final class CpuDriver implements Driver {
  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public Probe probe() {
    return new Probe.Available(List.of(new CpuDevice(ThreadTeam.shared())));
  }
}
