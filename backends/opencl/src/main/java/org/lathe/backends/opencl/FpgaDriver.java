package org.lathe.backends.opencl;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.backends.opencl.cl.OpenCl;
import org.lathe.backends.simt.aot.Manifest;
import org.lathe.hal.device.AheadOfTime;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/**
 * OpenCL devices that run nothing but binaries compiled ahead of time: FPGAs, and whatever stands in for one. {@code
 * opencl-fpga:0} and on are the devices for which the builds in {@value #DIRECTORY_PROPERTY}, or else in the variable
 * {@value #DIRECTORY_VARIABLE}, have binaries.
 */
public final class FpgaDriver implements Driver {
  static final String NAME = "opencl-fpga";

  /** The system property that names a directory with a build, or with directories with builds. */
  public static final String DIRECTORY_PROPERTY = "lathe.fpga.binaries";

  /** The environment variable of the same meaning. */
  public static final String DIRECTORY_VARIABLE = "LATHE_FPGA_BINARIES";

  private static final String BUILD = "./lathe build NAME --device " + NAME + " --out DIR";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean isOnlyByName() {
    return true;
  }

  @Override
  public Optional<AheadOfTime> aheadOfTime() {
    return Optional.of(new FpgaBuilds());
  }

  @Override
  public Probe probe() {
    Path root = directory(System.getProperty(DIRECTORY_PROPERTY), System.getenv(DIRECTORY_VARIABLE));
    if (root == null) {
      return new Probe.Unavailable(
          "no directory with prebuilt binaries was named",
          "name one with --binaries DIR, or in " + DIRECTORY_VARIABLE + "; '" + BUILD + "' makes one");
    }
    return switch (OpenCl.find()) {
      case OpenCl.Devices(List<ClDevice> found) -> probe(root, found);
      case OpenCl.Nothing nothing -> Absence.explain(nothing, System.getenv(), System.getProperty("os.name", ""));
    };
  }

  private static @Nullable Path directory(@Nullable String property, @Nullable String variable) {
    String named = property != null && !property.isBlank() ? property : variable;
    return named == null || named.isBlank() ? null : Path.of(named);
  }

  private static Probe probe(Path root, List<ClDevice> found) {
    try {
      List<Device> devices = new ArrayList<>();
      for (ClDevice device : found) {
        Binaries binaries = Binaries.of(root, device.properties());
        if (!binaries.isEmpty()) {
          devices.add(new OpenClDevice(devices.size(), device, Options.of(device.properties()).with(binaries)));
        }
      }
      return devices.isEmpty() ? nothing(root, found) : new Probe.Available(devices);
    } catch (IOException e) {
      return new Probe.Unavailable(String.valueOf(e.getMessage()), "make the build again with '" + BUILD + "'");
    }
  }

  /** There is no build, or none with a binary, or none with one for a device of this machine. */
  private static Probe.Unavailable nothing(Path root, List<ClDevice> found) throws IOException {
    List<Path> builds = Manifest.directories(root);
    if (builds.isEmpty()) {
      return new Probe.Unavailable(
          "there is no build in " + root, "make one with '" + BUILD.replace("DIR", root.toString()) + "'");
    }
    List<String> madeFor = new ArrayList<>();
    for (Path build : builds) {
      Manifest.read(build).binaries().forEach(
          b -> madeFor.add(b.platform().isEmpty() ? "a vendor's board" : b.device() + " (" + b.driver() + ")"));
    }
    String command = BUILD.replace("NAME", Manifest.read(builds.getFirst()).name())
        .replace("DIR", builds.getFirst().toString());
    String here = found.stream().map(ClDevice::properties).map(DeviceProperties::name)
        .collect(Collectors.joining(", "));
    return madeFor.isEmpty()
        ? new Probe.Unavailable(
            "the builds in " + root + " have no binaries",
            "run a vendor's build line there and '" + command
                + " --register BINARY'; or compile for a device that stands"
                + " in with '" + command + " --compile-with opencl:0'")
        : new Probe.Unavailable(
            "the binaries in " + root + " are for " + String.join(", ", madeFor) + ", not for what is here: " + here,
            "make one for it with '" + command + " --compile-with opencl:0'");
  }
}
