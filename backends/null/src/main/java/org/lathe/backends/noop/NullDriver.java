package org.lathe.backends.noop;

import java.util.List;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/**
 * Step 1 of a backend: its name, and whether this machine has a device for it.
 *
 * <p>{@link java.util.ServiceLoader} makes one of these, by the line in {@code META-INF/services} on the class path and by
 * {@code provides} in {@code module-info.java} on the module path. The class is public, and its constructor does nothing,
 * because it runs even when nobody wants this backend.
 */
public final class NullDriver implements Driver {
  @Override
  public String name() {
    return "null";
  }

  /** It computes nothing, so nobody gets it who did not ask for it. A backend that computes leaves this method out. */
  @Override
  public boolean isOnlyByName() {
    return true;
  }

  /**
   * Looks for devices. A real backend does here, and only here, what can fail because of the machine: it loads native
   * libraries, asks the runtime for its devices, and runs a small self-check. Whatever goes wrong, it returns {@link
   * Probe.Unavailable} with what was found and what the user can install or set; it does not throw, and it does not leave
   * out a device in silence.
   */
  @Override
  public Probe probe() {
    return new Probe.Available(List.of(new NullDevice()));
  }
}
