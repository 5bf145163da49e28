package org.lathe.hal.device;

/** Off-heap memory of the host within a {@link Budget}, for devices that compute in it. Any thread. */
public final class HostAllocator implements Allocator {
  private final Budget budget;

  /** @param budget in bytes, of all open buffers together */
  public HostAllocator(long budget) {
    this.budget = new Budget(budget);
  }

  @Override
  public HostBuffer allocate(long bytes) {
    budget.take(bytes, Long.MAX_VALUE);
    try {
      return new HostBuffer(this, HostBlock.take(bytes));
    } catch (OutOfMemoryError e) {
      closed(bytes);
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
