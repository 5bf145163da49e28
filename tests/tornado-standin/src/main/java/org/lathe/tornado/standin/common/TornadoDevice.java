package org.lathe.tornado.standin.common;

import org.lathe.tornado.standin.TornadoTargetDevice;
import org.lathe.tornado.standin.enums.TornadoDeviceType;
import org.lathe.tornado.standin.enums.TornadoVMBackendType;

/** In the place of TornadoVM's interface of this name. */
public interface TornadoDevice {
  TornadoTargetDevice getPhysicalDevice();

  TornadoVMBackendType getTornadoVMBackend();

  String getPlatformName();

  String getDeviceOpenCLCVersion();

  TornadoDeviceType getDeviceType();

  long getDeviceLocalMemorySize();

  long getMaxGlobalMemory();

  long getMaxAllocMemory();
}
