package org.lathe.backends.aparapi;

import java.util.List;
import org.lathe.hal.device.Driver;
import org.lathe.hal.device.Probe;

/** Aparapi's Java thread pool, as {@code aparapi-jtp:0}: there wherever Aparapi's classes are. */
public final class AparapiPoolDriver implements Driver {
  @Override
  public String name() {
    return PoolEngine.BACKEND;
  }

  @Override
  public boolean isIndirect() {
    return true;
  }

  @Override
  public Probe probe() {
    try {
      return new Probe.Available(List.of(new AparapiDevice(0, Platform.pool())));
    } catch (LinkageError | RuntimeException e) {
      return new Probe.Unavailable(
          "Aparapi's thread pool cannot be started: " + e, Platform.JARS);
    }
  }
}
