package org.lathe.bench;

import java.util.ServiceLoader;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/** Finds a device by its name on the command line, {@code backend} or {@code backend:index}. */
final class Devices {
  private Devices() {}

  /** Opens the device; the caller closes it. */
  static Device open(String id) {
    int colon = id.indexOf(':');
    String backend = colon < 0 ? id : id.substring(0, colon);
    int index = colon < 0 ? 0 : Integer.parseInt(id.substring(colon + 1));
    for (Driver driver : ServiceLoader.load(Driver.class)) {
      if (!driver.name().equals(backend)) continue;
      return switch (driver.probe()) {
        case Probe.Available(var devices) -> {
          if (index >= devices.size()) {
            throw new IllegalArgumentException(id + ": the backend has " + devices.size() + " devices");
          }
          for (Device other : devices) if (other != devices.get(index)) other.close();
          yield devices.get(index);
        }
        case Probe.Unavailable(var reason, var remedy) -> throw new IllegalStateException(
            id + ": " + reason + "; " + remedy);
      };
    }
    throw new IllegalArgumentException(id + ": no such backend");
  }
}
