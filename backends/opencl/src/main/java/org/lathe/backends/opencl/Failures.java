package org.lathe.backends.opencl;

import org.lathe.backends.opencl.cl.ClException;
import org.lathe.hal.device.DeviceLost;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.OutOfDeviceMemory;

/** What a status of OpenCL means to those who use hal. The same status means different things in different places. */
final class Failures {
  private static final int INVALID_CONTEXT = -34;
  private static final int INVALID_COMMAND_QUEUE = -36;

  private Failures() {}

  /** While a device is opened. */
  static RuntimeException opening(String device, ClException e) {
    return because(
        new DeviceUnavailable(
            "device " + device + " cannot be opened: " + e.getMessage(),
            e.status() == ClException.DEVICE_NOT_AVAILABLE
                ? "see whether another process holds it, or whether it has been taken away"
                : "see whether 'clinfo' can use it, and close what else uses it"),
        e);
  }

  /** While memory is asked for. {@code freeBytes} is what was thought to be free. */
  static RuntimeException allocating(ClException e, long askedBytes, long freeBytes) {
    return switch (e.status()) {
      case ClException.MEM_OBJECT_ALLOCATION_FAILURE, ClException.OUT_OF_RESOURCES, ClException.OUT_OF_HOST_MEMORY,
          ClException.INVALID_BUFFER_SIZE ->
        because(new OutOfDeviceMemory(askedBytes, freeBytes), e);
      default -> defect(e);
    };
  }

  /**
   * While commands are enqueued or waited for. Drivers allocate lazily, and find only then that they have promised too
   * much; but where a command that ran comes back with a lack of resources, its kernel has failed.
   */
  static RuntimeException running(String device, ClException e, long askedBytes, long freeBytes) {
    return switch (e.status()) {
      case ClException.MEM_OBJECT_ALLOCATION_FAILURE, ClException.OUT_OF_HOST_MEMORY, ClException.MAP_FAILURE ->
        because(new OutOfDeviceMemory(askedBytes, freeBytes), e);
      case ClException.OUT_OF_RESOURCES -> because(
          e.isOfWaiting() ? new DeviceLost(device, e.getMessage()) : new OutOfDeviceMemory(askedBytes, freeBytes), e);
      default ->
        e.isOfWaiting() || isLoss(e.status()) ? because(new DeviceLost(device, e.getMessage()), e) : defect(e);
    };
  }

  private static boolean isLoss(int status) {
    return switch (status) {
      case ClException.DEVICE_NOT_FOUND, ClException.DEVICE_NOT_AVAILABLE,
          ClException.EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, ClException.INVALID_DEVICE, INVALID_CONTEXT,
          INVALID_COMMAND_QUEUE, ClException.NVIDIA_ILLEGAL_ACCESS ->
        true;
      default -> false;
    };
  }

  static RuntimeException defect(ClException e) {
    return new IllegalStateException("the OpenCL driver refused a call of Lathe's: " + e.getMessage()
        + "; report this as a defect, with the output of 'clinfo'", e);
  }

  private static RuntimeException because(RuntimeException e, ClException cause) {
    e.initCause(cause);
    return e;
  }
}
