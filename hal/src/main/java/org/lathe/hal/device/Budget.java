package org.lathe.hal.device;

/**
 * The account of an allocator: how many bytes its open buffers hold, and that they stay within a budget. It is kept by hand:
 * operating systems and drivers hand out memory when it is first touched, and fail then, too late. Any thread.
 */
public final class Budget {
  private final long bytes;
  private long allocated;
  private int open;

  /** @param bytes of all open buffers together */
  public Budget(long bytes) {
    this.bytes = bytes;
  }

  public long bytes() {
    return bytes;
  }

  /**
   * Counts a buffer before it is made.
   *
   * @param most the bytes of one buffer
   * @throws IllegalArgumentException if {@code asked} is negative
   * @throws OutOfDeviceMemory if it does not fit; then nothing was counted
   */
  public synchronized void take(long asked, long most) {
    if (asked < 0) {
      throw new IllegalArgumentException("a buffer of " + asked + " bytes");
    }
    long free = Math.min(most, bytes - allocated);
    if (asked > free) {
      throw new OutOfDeviceMemory(asked, free);
    }
    allocated += asked;
    open++;
  }

  /** A buffer that was counted is closed, or could not be made. */
  public synchronized void giveBack(long taken) {
    allocated -= taken;
    open--;
  }

  public synchronized long allocatedBytes() {
    return allocated;
  }

  public synchronized int openBuffers() {
    return open;
  }

  /** What was asked for is within the budget, and the machine does not have it. */
  public static OutOfDeviceMemory refused(long asked, OutOfMemoryError cause) {
    OutOfDeviceMemory refused = new OutOfDeviceMemory(asked, Math.min(asked - 1, Runtime.getRuntime().freeMemory()));
    refused.initCause(cause);
    return refused;
  }
}
