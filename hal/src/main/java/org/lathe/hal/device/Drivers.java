package org.lathe.hal.device;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;

/** The backends on the class path and module path, and their devices by name. Immutable; any thread. */
public final class Drivers {
  private final Map<String, Driver> byName;
  private final List<Absent> broken;

  /** What {@link #list} says of a device, or of a backend without one. */
  public sealed interface Listed {}

  /** A device that can be opened. */
  public record Present(DeviceInfo info, Set<DType> dtypes) implements Listed {}

  /** A backend without a device: why, and what the user can do. */
  public record Absent(String backend, String reason, String remedy) implements Listed {}

  private Drivers(Map<String, Driver> byName, List<Absent> broken) {
    this.byName = byName;
    this.broken = List.copyOf(broken);
  }

  /** The drivers that {@link ServiceLoader} finds, from the loader of this class and from the thread's. */
  public static Drivers installed() {
    Map<String, Driver> found = new LinkedHashMap<>();
    List<Absent> broken = new ArrayList<>();
    load(ServiceLoader.load(Driver.class, Driver.class.getClassLoader()), found, broken);
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null && context != Driver.class.getClassLoader()) {
      load(ServiceLoader.load(Driver.class, context), found, broken);
    }
    return new Drivers(found, broken.stream().distinct().toList());
  }

  /** These drivers and no others. Of two with one name the first counts. */
  public static Drivers of(List<? extends Driver> drivers) {
    Map<String, Driver> byName = new LinkedHashMap<>();
    drivers.forEach(d -> byName.putIfAbsent(d.name(), d));
    return new Drivers(byName, List.of());
  }

  /** A provider that cannot be loaded does not hide the others. */
  private static void load(Iterable<Driver> loader, Map<String, Driver> found, List<Absent> broken) {
    Iterator<Driver> drivers = loader.iterator();
    while (true) {
      try {
        Driver driver = drivers.next();
        found.putIfAbsent(driver.name(), driver);
      } catch (NoSuchElementException e) {
        return;
      } catch (ServiceConfigurationError | LinkageError e) {
        broken.add(
            new Absent("?", "a backend could not be loaded: " + describe(e),
                "repair or remove its jar on the class path"));
      }
    }
  }

  /** The drivers, in the order in which they were found. */
  public List<Driver> all() {
    return List.copyOf(byName.values());
  }

  /** The names of all backends, sorted. */
  public List<String> names() {
    return List.copyOf(new TreeSet<>(byName.keySet()));
  }

  /**
   * The devices of one driver. Unlike {@link Driver#probe} this never throws, whatever the driver does: a driver that
   * breaks its contract has no devices, and the reason says what it threw.
   */
  public static Probe probe(Driver driver) {
    try {
      @Nullable
      Probe probe = driver.probe();
      return probe == null ? broken(driver, "its probe gave nothing") : probe;
    } catch (RuntimeException | LinkageError e) {
      return broken(driver, "its probe failed with " + describe(e));
    }
  }

  private static Probe broken(Driver driver, String what) {
    return new Probe.Unavailable(
        "backend '" + driver.name() + "' is defective: " + what,
        "report this as a defect of " + driver.getClass().getName());
  }

  private static String describe(Throwable e) {
    return e.getClass().getName() + ": " + e.getMessage();
  }

  /** Every device, and every backend without one, but none that is used {@linkplain Driver#isOnlyByName only by name}. */
  public List<Listed> list() {
    List<Listed> listed = new ArrayList<>();
    for (Driver driver : byName.values()) {
      if (driver.isOnlyByName()) {
        continue;
      }
      switch (probe(driver)) {
        case Probe.Unavailable(String reason, String remedy) -> listed.add(new Absent(driver.name(), reason, remedy));
        case Probe.Available(List<Device> devices) -> {
          for (Device device : devices) {
            try (device) {
              listed.add(new Present(device.info(), Set.copyOf(device.capabilities().dtypes())));
            }
          }
        }
      }
    }
    listed.addAll(broken);
    return listed;
  }

  /**
   * The driver of this name.
   *
   * @throws DeviceUnavailable if there is none
   */
  public Driver named(String backend) {
    Driver driver = byName.get(backend);
    if (driver == null) {
      throw absent(backend, backend);
    }
    return driver;
  }

  private DeviceUnavailable absent(String backend, String device) {
    return new DeviceUnavailable(
        "there is no backend '" + backend + "' for device '" + device + "'; found: "
            + (byName.isEmpty() ? "none" : String.join(", ", names())),
        "name one of these, or add the backend's jar, such as lathe-" + backend + ", to the class path");
  }

  /**
   * Opens a device by its name, {@code backend} or {@code backend:index}. The caller closes it.
   *
   * @throws DeviceUnavailable if there is no such device, with the reason and what to do
   */
  public Device open(String name) {
    DeviceName wanted = DeviceName.parse(name);
    Driver driver = byName.get(wanted.backend());
    if (driver == null) {
      throw absent(wanted.backend(), name);
    }
    return switch (probe(driver)) {
      case Probe.Unavailable(String reason, String remedy) ->
        throw new DeviceUnavailable("device '" + name + "': " + reason, remedy);
      case Probe.Available(List<Device> devices) -> only(wanted, devices);
    };
  }

  private static Device only(DeviceName wanted, List<Device> devices) {
    Device chosen = null;
    for (Device device : devices) {
      if (chosen == null && device.info().index() == wanted.index()) {
        chosen = device;
      } else {
        device.close();
      }
    }
    if (chosen == null) {
      String last = wanted.backend() + ":" + (devices.size() - 1);
      throw new DeviceUnavailable(
          "there is no device '" + wanted + "': backend '" + wanted.backend() + "' has "
              + (devices.size() == 1 ? "1 device" : devices.size() + " devices"),
          devices.size() == 1 ? "name " + last : "name one from " + wanted.backend() + ":0 to " + last);
    }
    return chosen;
  }
}
