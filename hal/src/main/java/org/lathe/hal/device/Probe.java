package org.lathe.hal.device;

import java.util.List;

/** What a backend found on this machine. */
public sealed interface Probe {
  /** At least one device. */
  record Available(List<Device> devices) implements Probe {
    public Available {
      devices = List.copyOf(devices);
      if (devices.isEmpty()) {
        throw new IllegalArgumentException("a backend without devices is Unavailable");
      }
    }
  }

  /**
   * No device.
   *
   * @param reason what was looked for and what was found, one line
   * @param remedy what the user can do: a package, a flag, a variable; one line
   */
  record Unavailable(String reason, String remedy) implements Probe {}
}
