package org.lathe.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.lathe.backends.opencl.cl.ClDevice;
import org.lathe.backends.opencl.cl.OpenCl;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Probe;

/**
 * The devices of this machine. Where there is none, tests are skipped with the reason, or fail if the property {@code
 * lathe.tests.require} lists {@code opencl}.
 */
final class Devices {
  private Devices() {}

  static List<Device> all() {
    return switch (new OpenClDriver().probe()) {
      case Probe.Available(List<Device> devices) -> devices;
      case Probe.Unavailable(String reason, String remedy) -> absent(reason + "; " + remedy);
    };
  }

  static List<ClDevice> found() {
    return switch (OpenCl.find()) {
      case OpenCl.Devices(List<ClDevice> devices) -> devices;
      case OpenCl.Nothing nothing -> absent(nothing.toString());
    };
  }

  private static <T> T absent(String why) {
    if (List.of(System.getProperty("lathe.tests.require", "").split(",")).contains("opencl")) {
      return Assertions.fail(why);
    }
    return Assumptions.abort(why);
  }

  /** The first device. */
  static OpenClDevice open() {
    return open(o -> o);
  }

  /** The first device, used in another way than it asks for. */
  static OpenClDevice open(UnaryOperator<Options> options) {
    ClDevice device = found().getFirst();
    return new OpenClDevice(0, device, options.apply(Options.of(device.properties())));
  }

  /** The first device, once for each way to reach its memory. */
  static List<OpenClDevice> ofEachMemoryModel() {
    List<OpenClDevice> devices = new ArrayList<>();
    for (MemoryModel model : MemoryModel.values()) {
      devices.add(open(o -> o.with(model)));
    }
    return devices;
  }
}
