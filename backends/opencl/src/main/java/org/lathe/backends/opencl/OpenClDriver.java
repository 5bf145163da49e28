package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.OpenCl;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/**
 * Every device of every OpenCL platform: {@code opencl:0} and on, GPUs first, then accelerators, then CPUs.
 *
 * <p>Probing finds devices and asks for their limits; memory and queues are made when a device is first used.
 */
public final class OpenClDriver implements Driver {
  static final String NAME = "opencl";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Probe probe() {
    return switch (OpenCl.find()) {
      case OpenCl.Devices(List<ClDevice> found) -> {
        List<Device> devices = new ArrayList<>();
        for (ClDevice device : found) {
          devices.add(new OpenClDevice(devices.size(), device, Options.of(device.properties())));
        }
        yield new Probe.Available(devices);
      }
      case OpenCl.Nothing nothing -> Absence.explain(nothing, System.getenv(), System.getProperty("os.name", ""));
    };
  }
}
