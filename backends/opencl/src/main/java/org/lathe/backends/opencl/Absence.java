package org.lathe.backends.opencl;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.lathe.backends.opencl.cl.OpenCl;
import org.lathe.hal.device.Probe;

/** Why this machine has no OpenCL device, and what to do about it. */
final class Absence {
  private static final String DRIVERS = "on Debian or Ubuntu 'apt-get install pocl-opencl-icd' for the CPU, or the"
      + " package of the GPU's maker, such as nvidia-opencl-icd, mesa-opencl-icd or intel-opencl-icd";

  private Absence() {}

  static Probe.Unavailable explain(OpenCl.Nothing nothing, Map<String, String> environment, String system) {
    boolean linux = system.startsWith("Linux");
    return switch (nothing.cause()) {
      case NO_BINDING -> new Probe.Unavailable(
          "JOCL's native library cannot be loaded: " + nothing.detail(),
          "start Java with --enable-native-access=ALL-UNNAMED and with -Djava.io.tmpdir naming a directory that is"
              + " writable and may hold programs");
      case NO_LOADER -> new Probe.Unavailable(
          "there is no OpenCL library on this machine (" + nothing.detail() + ")",
          linux
              ? "install it with 'apt-get install ocl-icd-libopencl1', and a driver: " + DRIVERS
              : "install the driver of your device's maker, or PoCL for the CPU");
      case NO_DRIVER -> new Probe.Unavailable(
          "the OpenCL library finds no driver (" + nothing.detail() + ")" + vendors(environment),
          linux ? "install a driver: " + DRIVERS : "install the driver of your device's maker, or PoCL for the CPU");
      case NO_DEVICE -> noDevice(nothing, environment);
      case DRIVER_FAILED -> new Probe.Unavailable(
          "an OpenCL driver failed while it was asked for its devices: " + nothing.detail(),
          "run 'clinfo' (Debian package clinfo) to see which driver it is, and repair or remove it");
      case SIGNAL_HANDLER -> new Probe.Unavailable(
          "OpenCL would break integer division in Java: " + nothing.detail(),
          "set POCL_SIGFPE_HANDLER=0 in the environment before Java starts");
    };
  }

  private static String vendors(Map<String, String> environment) {
    String vendors = environment.get("OCL_ICD_VENDORS");
    return vendors == null ? "" : ", and OCL_ICD_VENDORS makes it look only in " + vendors;
  }

  /** PoCL has no device where it cannot write its cache, and says no more. */
  private static Probe.Unavailable noDevice(OpenCl.Nothing nothing, Map<String, String> environment) {
    String reason = "the OpenCL drivers report no device (" + nothing.detail() + ")";
    Path cache = poclCache(environment);
    if (!canBeMade(cache)) {
      return new Probe.Unavailable(
          reason + ", and PoCL's cache directory " + cache + " is not writable",
          "make it writable, or set POCL_CACHE_DIR to a directory that is");
    }
    return new Probe.Unavailable(
        reason, "install a driver that supports a device of this machine: " + DRIVERS);
  }

  private static Path poclCache(Map<String, String> environment) {
    String own = environment.get("POCL_CACHE_DIR");
    if (own != null && !own.isBlank()) {
      return Path.of(own);
    }
    String xdg = environment.get("XDG_CACHE_HOME");
    return xdg != null && !xdg.isBlank()
        ? Path.of(xdg, "pocl")
        : Path.of(environment.getOrDefault("HOME", "/tmp"), ".cache", "pocl");
  }

  private static boolean canBeMade(Path directory) {
    Path there = directory.toAbsolutePath();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    return Files.isDirectory(there) && Files.isWritable(there);
  }
}
