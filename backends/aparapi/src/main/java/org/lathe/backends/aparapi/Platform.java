package org.lathe.backends.aparapi;

import com.aparapi.Config;
import com.aparapi.device.OpenCLDevice;
import com.aparapi.internal.opencl.OpenCLLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Aparapi, started once for the process. */
final class Platform {
  private static final String DRIVER = "install an OpenCL loader and a driver, on Debian or Ubuntu"
      + " 'apt-get install ocl-icd-libopencl1 pocl-opencl-icd'; './lathe devices' shows what opencl finds";

  static final String JARS = "repair or remove the jars com.aparapi:aparapi and com.aparapi:aparapi-jni";

  /** Held, as loggers that nobody holds forget their level. */
  private static final Logger LOG = Logger.getLogger(Config.getLoggerName());

  private Platform() {}

  /** What was found. */
  sealed interface Found {}

  record Devices(List<OpenClEngine> engines) implements Found {}

  record Nothing(String reason, String remedy) implements Found {}

  private static final class Once {
    static final Found FOUND = find();
  }

  static Found found() {
    return Once.FOUND;
  }

  /** Aparapi's thread pool. Starting it looks for OpenCL devices too. */
  static PoolEngine pool() {
    NativeProcess.keepSignalHandler();
    return NativeProcess.quietly(PoolEngine::shared);
  }

  private static Found find() {
    Optional<Route> route;
    try {
      route = Route.chosen();
    } catch (IllegalArgumentException e) {
      return new Nothing(
          "-D" + Route.PROPERTY + "=" + System.getProperty(Route.PROPERTY) + " names no route",
          "leave it out, or give one of source, bytecode");
    }
    try {
      NativeProcess.keepSignalHandler();
      return NativeProcess.quietly(() -> devices(route));
    } catch (LinkageError e) {
      return new Nothing("Aparapi cannot be started: " + e, JARS);
    } catch (RuntimeException e) {
      return new Nothing("Aparapi cannot be started: " + e, DRIVER);
    }
  }

  private static Found devices(Optional<Route> chosen) {
    Level before = LOG.getLevel();
    List<OpenCLDevice> devices;
    LOG.setLevel(Level.OFF);
    try {
      if (!OpenCLLoader.isOpenCLAvailable()) {
        return new Nothing(
            "Aparapi's native library, or the OpenCL library that it needs, cannot be loaded",
            "let java.io.tmpdir, to which it is unpacked, be a directory that can be written, now "
                + System.getProperty("java.io.tmpdir") + "; and " + DRIVER);
      }
      devices = OpenCLDevice.listDevices(null);
    } finally {
      LOG.setLevel(before);
    }
    List<OpenClEngine> engines = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    for (OpenCLDevice device : devices) {
      try {
        SelfCheck.Facts facts = SelfCheck.facts(device);
        Route route = chosen.orElse(facts.hostMemory() ? Route.SOURCE : Route.BYTECODE);
        engines.add(new OpenClEngine(device, facts, route));
      } catch (RuntimeException e) {
        faults.add(device.getName() + ": " + e.getMessage());
      }
    }
    if (!engines.isEmpty()) {
      return new Devices(List.copyOf(engines));
    }
    return faults.isEmpty()
        ? new Nothing("Aparapi finds no OpenCL device", DRIVER)
        : new Nothing(
            "no OpenCL device of Aparapi's passes the check at start: " + String.join("; ", faults),
            "repair or remove the driver that it names; aparapi-jtp and opencl do without Aparapi's compiler");
  }
}
