package org.lathe.backends.tornadovm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/**
 * OpenCL devices through TornadoVM, as {@code tornadovm:0} and on. They are there in a JVM that was started with TornadoVM's
 * argument file, as {@code ./lathe} does where TORNADOVM_HOME is set.
 */
public final class TornadoDriver implements Driver {
  static final String NAME = "tornadovm";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean isIndirect() {
    return true;
  }

  @Override
  public Probe probe() {
    return switch (Platform.found()) {
      case Platform.Nothing(String reason, String remedy) -> new Probe.Unavailable(reason, remedy);
      case Platform.Found(List<Platform.Checked> targets) -> {
        List<Device> devices = new ArrayList<>();
        targets.forEach(t -> devices.add(t.open(NAME, devices.size())));
        yield new Probe.Available(devices);
      }
    };
  }

  @Override
  public Optional<Device> example() {
    return Optional.of(Platform.example());
  }
}
