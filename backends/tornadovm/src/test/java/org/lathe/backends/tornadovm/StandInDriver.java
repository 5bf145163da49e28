package org.lathe.backends.tornadovm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lathe.hal.device.Device;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;
import org.lathe.tornado.standin.StandIns;

/** Devices of the backend over classes in the place of TornadoVM's. */
final class StandInDriver implements Driver {
  static final String NAME = "tornadovm-stand-in";
  private final Route route;

  StandInDriver(Route route) {
    this.route = route;
  }

  private static final class Once {
    static final Platform.State STATE = start();

    private static Platform.State start() {
      try {
        return Platform.check(new TornadoApi(StandIns.PREFIX, new StandIns()));
      } catch (ReflectiveOperationException e) {
        throw new AssertionError(e);
      } catch (RuntimeException | LinkageError e) {
        return new Platform.Nothing("there is no OpenCL for prebuilt tasks: " + e, Platform.DRIVER);
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean isOnlyByName() {
    return true;
  }

  @Override
  public Probe probe() {
    return switch (Once.STATE) {
      case Platform.Nothing(String reason, String remedy) -> new Probe.Unavailable(reason, remedy);
      case Platform.Found(List<Platform.Checked> found) -> {
        List<Device> devices = new ArrayList<>();
        found.forEach(c -> devices.add(
            new Platform.Checked(c.engine(), c.facts(), Optional.of(route)).open(NAME, devices.size())));
        yield new Probe.Available(devices);
      }
    };
  }
}
