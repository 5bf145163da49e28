package org.lathe.tornado.standin;

/** In the place of TornadoVM's interface of this name. */
public interface TornadoTargetDevice {
  String getDeviceName();

  int getDeviceMaxComputeUnits();

  long[] getDeviceMaxWorkGroupSize();
}
