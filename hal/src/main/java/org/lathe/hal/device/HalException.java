package org.lathe.hal.device;

/** What a device can fail with. The message is one line for people. */
public abstract sealed class HalException extends RuntimeException
    permits DeviceUnavailable, OutOfDeviceMemory, KernelBuildFailed, Unsupported, DeviceLost {
  private static final long serialVersionUID = 1;

  HalException(String message) {
    super(message);
  }
}
