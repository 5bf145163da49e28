package org.lathe.conformance.device;

import java.util.List;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Drivers;

/** The device under test, and the way to open it again. One thread at a time. */
final class Session {
  private final Driver driver;
  private final Device device;

  Session(Driver driver, Device device) {
    this.driver = driver;
    this.device = device;
  }

  Driver driver() {
    return driver;
  }

  /** The device that all cases share. */
  Device device() {
    return device;
  }

  /** The device opened once more; the case closes it. */
  Device open() {
    return Drivers.of(List.of(driver)).open(device.info().id());
  }
}
