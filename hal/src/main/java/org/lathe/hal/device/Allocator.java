package org.lathe.hal.device;

/** The memory of a device. Any thread. */
public interface Allocator {
  /**
   * A new buffer with undefined contents, which the caller closes. At least 64-byte aligned.
   *
   * @throws OutOfDeviceMemory if the budget or the device does not allow it
   */
  Buffer allocate(long bytes);

  /** The bytes of all open buffers. */
  long allocatedBytes();

  /** The number of open buffers: 0 when nothing leaks. */
  int openBuffers();
}
