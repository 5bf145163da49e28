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

/**
 * A device chosen by name or by rank. Devices that are opened on the way are closed.
 */
record DeviceChoice(Device device, Placement placement) {
  private static final Comparator<DeviceInfo> BEST_FIRST = Comparator.<DeviceInfo>comparingInt(
      i -> switch (i.kind()) {
        case GPU -> 0;
        case CPU -> i.backend().equals("cpu") ? 1 : 2;
        case ACCELERATOR -> 3;
      })
      .thenComparing(Comparator.comparingInt(DeviceInfo::computeUnits).reversed())
      .thenComparing(Comparator.comparingLong(DeviceInfo::memoryBytes).reversed())
      .thenComparing(DeviceInfo::id);

  /** The rule of {@link Lathe#best}. */
  static DeviceChoice best(Drivers drivers) {
    List<Candidate> candidates = new ArrayList<>();
    List<Device> found = new ArrayList<>();
    for (Driver driver : drivers.all()) {
      if (driver.isOnlyByName()) {
        continue;
      }
      if (driver.isIndirect()) {
        candidates
            .add(new Candidate(driver.name(), false, "reaches its devices through another framework; not looked at"));
        continue;
      }
      switch (Drivers.probe(driver)) {
        case Probe.Available(List<Device> devices) -> found.addAll(devices);
        case Probe.Unavailable(String reason, String remedy) ->
          candidates.add(new Candidate(driver.name(), false, reason + "; " + remedy));
      }
    }
    if (found.isEmpty()) {
      throw new DeviceUnavailable("no backend has a device", "add lathe-cpu to the class path");
    }
    found.sort(Comparator.comparing(Device::info, BEST_FIRST));
    Device chosen = found.getFirst();
    List<Candidate> ranked = new ArrayList<>();
    ranked.add(new Candidate(chosen.info().id(), true, "chosen"));
    for (Device other : found.subList(1, found.size())) {
      ranked.add(new Candidate(other.info().id(), false, "ranks after " + chosen.info().id()));
      other.close();
    }
    ranked.addAll(candidates);
    return new DeviceChoice(chosen, new Placement("best", chosen.info(), ranked));
  }

  /** The first of {@code names} that is there. */
  static DeviceChoice firstOf(Drivers drivers, List<String> names) {
    if (names.isEmpty()) {
      throw new IllegalArgumentException("no device was named; name at least one, such as cpu");
    }
    List<Candidate> candidates = new ArrayList<>();
    for (String name : names) {
      try {
        Device device = drivers.open(name);
        candidates.add(new Candidate(name, true, "chosen"));
        return new DeviceChoice(device, new Placement(String.join(", ", names), device.info(), candidates));
      } catch (DeviceUnavailable e) {
        if (names.size() == 1) {
          throw e;
        }
        candidates.add(new Candidate(name, false, e.reason() + "; " + e.remedy()));
      }
    }
    throw new DeviceUnavailable(
        "none of " + names + " is there: " + String.join("; ", candidates.stream().map(Candidate::outcome).toList()),
        "name a device that './lathe devices' lists");
  }

  static DeviceChoice given(Device device) {
    String id = device.info().id();
    return new DeviceChoice(
        device, new Placement(id, device.info(), List.of(new Candidate(id, true, "given by the caller"))));
  }
}
