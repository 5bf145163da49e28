package org.lathe.backends.tornadovm;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.device.Allocator;
import org.lathe.hal.device.Budget;
import org.lathe.hal.device.DeviceUnavailable;
import org.lathe.hal.device.OutOfDeviceMemory;

/** Memory of the host that execution plans copy from and to, within a budget. Any thread. */
final class TornadoAllocator implements Allocator {
  private static final int MOST_BYTES = Integer.MAX_VALUE - 4096;

  private final @Nullable TornadoApi api;
  private final Budget budget;
  private final long most;

  /**
   * @param api null for a device that is not there
   * @param most the bytes of one buffer
   */
  TornadoAllocator(@Nullable TornadoApi api, long budget, long most) {
    this.api = api;
    this.budget = new Budget(budget);
    this.most = Math.min(MOST_BYTES, most - HostArray.DATA);
  }

  @Override
  public TornadoBuffer allocate(long bytes) {
    budget.take(bytes, most);
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
      throw Budget.refused(bytes, e);
    }
  }

  @Override
  public long allocatedBytes() {
    return budget.allocatedBytes();
  }

  @Override
  public int openBuffers() {
    return budget.openBuffers();
  }

  void closed(long bytes) {
    budget.giveBack(bytes);
  }
}
