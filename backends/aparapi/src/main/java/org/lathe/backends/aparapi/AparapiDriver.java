package org.lathe.backends.aparapi;

import java.util.ArrayList;
import java.util.List;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/** Aparapi's OpenCL devices, as {@code aparapi:0} and on. */
public final class AparapiDriver implements Driver {
  @Override
  public String name() {
    return OpenClEngine.BACKEND;
  }

  @Override
  public boolean isIndirect() {
    return true;
  }

  @Override
  public Probe probe() {
    return switch (Platform.found()) {
      case Platform.Nothing(String reason, String remedy) -> new Probe.Unavailable(reason, remedy);
      case Platform.Devices(List<OpenClEngine> engines) -> {
        List<Device> devices = new ArrayList<>();
        engines.forEach(e -> devices.add(new AparapiDevice(devices.size(), e)));
        yield new Probe.Available(devices);
      }
    };
  }
}
