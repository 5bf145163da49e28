package org.lathe.compiler.runtime;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lathe.compiler.runtime.Placement.Candidate;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Drivers;
import org.lathe.hal.device.Probe;

/** Finds devices by name or by rank, and closes those that it does not hand out. */
final class DeviceChoice {
  record Chosen(Device device, Placement placement) {}

  private final Drivers drivers = Drivers.installed();

  /** The rule of {@link Lathe#best}. */
  Chosen best() {
    List<Candidate> candidates = new ArrayList<>();
    List<Device> found = new ArrayList<>();
    for (Driver driver : drivers.all()) {
      if (driver.isOnlyByName()) {
        continue;
      }
      switch (Drivers.probe(driver)) {
        case Probe.Available(List<Device> devices) -> found.addAll(devices);
        case Probe.Unavailable(String reason, String remedy) ->
          candidates.add(new Candidate(driver.name(), false, reason + "; " + remedy));
      }
    }
    if (found.isEmpty()) {
      throw new DeviceUnavailable("no backend found a device", "add lathe-cpu to the class path");
    }
    found.sort(Comparator.comparing(Device::info, BEST_FIRST));
    Device chosen = found.getFirst();
    for (int i = found.size() - 1; i >= 0; i--) {
      Device device = found.get(i);
      candidates.addFirst(
          new Candidate(device.info().id(), device == chosen, device == chosen ? "chosen" : "slower kind of device"));
    }
    found.stream().filter(d -> d != chosen).forEach(Device::close);
    return new Chosen(chosen, new Placement("best", chosen.info(), candidates));
  }

  private static final Comparator<DeviceInfo> BEST_FIRST = Comparator.<DeviceInfo>comparingInt(
      i -> switch (i.kind()) {
        case GPU -> 0;
        case CPU -> i.backend().equals("cpu") ? 1 : 2;
        case ACCELERATOR -> 3;
      })
      .thenComparing(Comparator.comparingInt(DeviceInfo::computeUnits).reversed())
      .thenComparing(Comparator.comparingLong(DeviceInfo::memoryBytes).reversed())
      .thenComparing(DeviceInfo::id);

  /** The first of {@code names} that is there. */
  Chosen firstOf(List<String> names) {
    List<Candidate> candidates = new ArrayList<>();
    DeviceUnavailable last = null;
    for (String name : names) {
      try {
        Device device = drivers.open(name);
        candidates.add(new Candidate(name, true, "chosen"));
        return new Chosen(device, new Placement(String.join(", ", names), device.info(), candidates));
      } catch (DeviceUnavailable e) {
        candidates.add(new Candidate(name, false, e.reason() + "; " + e.remedy()));
        last = e;
      }
    }
    if (last == null) {
      throw new IllegalArgumentException("name at least one device, such as cpu");
    }
    if (names.size() == 1) {
      throw last;
    }
    throw new DeviceUnavailable(
        "none of " + names + " is there: " + String.join("; ", candidates.stream().map(Candidate::outcome).toList()),
        "name a device that './lathe devices' lists");
  }
}
