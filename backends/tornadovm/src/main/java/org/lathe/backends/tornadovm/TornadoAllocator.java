package org.lathe.backends.tornadovm;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.OutOfDeviceMemory;

/** Memory of the host that execution plans copy from and to, within a budget. Any thread. */
final class TornadoAllocator implements Allocator {
  private static final int MOST_BYTES = Integer.MAX_VALUE - 4096;

  private final @Nullable TornadoApi api;
  private final long budget;
  private final long most;
  private long allocated;
  private int open;

  /**
   * @param api null for a device that is not there
   * @param most the bytes of one buffer
   */
  TornadoAllocator(@Nullable TornadoApi api, long budget, long most) {
    this.api = api;
    this.budget = budget;
    this.most = Math.min(MOST_BYTES, most - HostArray.DATA);
  }

  @Override
  public TornadoBuffer allocate(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a buffer of " + bytes + " bytes");
    }
    synchronized (this) {
      long free = Math.min(most, budget - allocated);
      if (bytes > free) {
        throw new OutOfDeviceMemory(bytes, free);
      }
      allocated += bytes;
      open++;
    }
    try {
      return new TornadoBuffer(this, array(bytes), bytes);
    } catch (RuntimeException e) {
      closed(bytes);
      throw e;
    }
  }

  /** An array outside the count of buffers. */
  HostArray array(long bytes) {
    if (api == null) {
      throw new DeviceUnavailable(
          "a device of TornadoVM that is not there has no memory", "'./lathe devices' says why it is not there");
    }
    if (bytes > most) {
      throw new OutOfDeviceMemory(bytes, most);
    }
    int padding = HostArray.DATA - api.headerBytes();
    try {
      // whole longs, as arrays of any type lie in it
      return new HostArray(api, api.bytes(padding + (int) (bytes + 7 & -8)), padding, bytes);
    } catch (OutOfMemoryError e) {
      OutOfDeviceMemory refused = new OutOfDeviceMemory(bytes, Math.min(bytes - 1, Runtime.getRuntime().freeMemory()));
      refused.initCause(e);
      throw refused;
    }
  }

  @Override
  public synchronized long allocatedBytes() {
    return allocated;
  }

  @Override
  public synchronized int openBuffers() {
    return open;
  }

  synchronized void closed(long bytes) {
    allocated -= bytes;
    open--;
  }
}
