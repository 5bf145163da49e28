package org.lathe.tornado.standin;

import org.lathe.tornado.standin.common.TornadoDevice;
import org.lathe.tornado.standin.enums.TornadoDeviceType;
import org.lathe.tornado.standin.enums.TornadoVMBackendType;

/** A runtime with one backend and one device. */
public final class StandInRuntime implements TornadoRuntime, TornadoBackend, TornadoDevice, TornadoTargetDevice {
  private static final int MOST_GROUP = 16;

  private StandInRuntime() {}

  /** Throws what JOCL throws where there is no OpenCL, which prebuilt tasks run on. */
  public static StandInRuntime start() {
    OpenClTask.start();
    return new StandInRuntime();
  }

  @Override
  public int getNumBackends() {
    return 1;
  }

  @Override
  public TornadoBackend getBackend(int index) {
    return this;
  }

  @Override
  public int getNumDevices() {
    return 1;
  }

  @Override
  public TornadoDevice getDevice(int index) {
    return this;
  }

  @Override
  public TornadoTargetDevice getPhysicalDevice() {
    return this;
  }

  @Override
  public TornadoVMBackendType getTornadoVMBackend() {
    return TornadoVMBackendType.OPENCL;
  }

  @Override
  public String getDeviceName() {
    return "tornadovm stand-in";
  }

  @Override
  public String getPlatformName() {
    return "this JVM";
  }

  @Override
  public String getDeviceOpenCLCVersion() {
    return "no TornadoVM";
  }

  @Override
  public TornadoDeviceType getDeviceType() {
    return TornadoDeviceType.CPU;
  }

  @Override
  public int getDeviceMaxComputeUnits() {
    return 2;
  }

  @Override
  public long[] getDeviceMaxWorkGroupSize() {
    return new long[]{MOST_GROUP};
  }

  @Override
  public long getDeviceLocalMemorySize() {
    return 1 << 20;
  }

  @Override
  public long getMaxGlobalMemory() {
    return 1L << 32;
  }

  @Override
  public long getMaxAllocMemory() {
    return 1L << 30;
  }
}
