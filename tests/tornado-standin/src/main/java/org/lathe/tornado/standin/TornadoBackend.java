package org.lathe.tornado.standin;

import org.lathe.tornado.standin.common.TornadoDevice;

/** In the place of TornadoVM's interface of this name. */
public interface TornadoBackend {
  int getNumDevices();

  TornadoDevice getDevice(int index);
}
