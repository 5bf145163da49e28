package org.lathe.compiler.runtime;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.runtime.Placement.Candidate;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.DeviceInfo;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/** Finds devices by name or by rank, and closes those that it does not hand out. */
final class DeviceChoice {
  /** Compiles without running: never chosen unless named. */
  private static final String SKELETON = "null";

  record Chosen(Device device, Placement placement) {}

  private final Map<String, Driver> drivers = new LinkedHashMap<>();

  DeviceChoice() {
    for (Driver driver : ServiceLoader.load(Driver.class, Driver.class.getClassLoader())) {
      drivers.putIfAbsent(driver.name(), driver);
    }
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null) {
      for (Driver driver : ServiceLoader.load(Driver.class, context)) {
        drivers.putIfAbsent(driver.name(), driver);
      }
    }
  }

  /** The rule of {@link Lathe#best}. */
  Chosen best() {
    List<Candidate> candidates = new ArrayList<>();
    List<Device> found = new ArrayList<>();
    for (Driver driver : drivers.values()) {
      if (driver.name().equals(SKELETON)) {
        continue;
      }
      switch (driver.probe()) {
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
        Device device = open(name);
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

  private Device open(String name) {
    int colon = name.indexOf(':');
    String backend = colon < 0 ? name : name.substring(0, colon);
    int index = colon < 0 ? 0 : index(name, name.substring(colon + 1));
    Driver driver = drivers.get(backend);
    if (driver == null) {
      throw new DeviceUnavailable(
          "there is no backend '" + backend + "' for device '" + name + "'; found " + new TreeSet<>(drivers.keySet()),
          "name one of these, or add lathe-" + backend + " to the class path");
    }
    return switch (driver.probe()) {
      case Probe.Unavailable(String reason, String remedy) ->
        throw new DeviceUnavailable("device '" + name + "': " + reason, remedy);
      case Probe.Available(List<Device> devices) -> {
        Device chosen = null;
        for (Device device : devices) {
          if (device.info().index() == index) {
            chosen = device;
          } else {
            device.close();
          }
        }
        yield found(name, backend, chosen, devices.size());
      }
    };
  }

  private static Device found(String name, String backend, @Nullable Device chosen, int count) {
    if (chosen == null) {
      throw new DeviceUnavailable(
          "there is no device '" + name + "': backend '" + backend + "' has " + count + " devices",
          "name one from " + backend + ":0 to " + backend + ":" + (count - 1));
    }
    return chosen;
  }

  private static int index(String name, String text) {
    try {
      return Integer.parseUnsignedInt(text);
    } catch (NumberFormatException e) {
      throw new DeviceUnavailable(
          "'" + name + "' is no device name: '" + text + "' is not a number", "write backend or backend:index, such as cpu:0");
    }
  }
}
