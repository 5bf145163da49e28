package org.lathe.tornado.standin.runtime;

import org.lathe.tornado.standin.StandInRuntime;
import org.lathe.tornado.standin.TornadoRuntime;

/** In the place of TornadoVM's class of this name. */
public final class TornadoRuntimeProvider {
  private TornadoRuntimeProvider() {}

  public static TornadoRuntime getTornadoRuntime() {
    return StandInRuntime.start();
  }
}
