package org.lathe.hal.device;

/** The end of a run. Any thread. */
public interface Event {
  /** An event that has happened. */
  Event DONE = new Event() {
    @Override
    public void await() {}

    @Override
    public boolean isDone() {
      return true;
    }
  };

  /**
   * Waits until the run has ended.
   *
   * @throws DeviceLost if the device failed; its buffers' contents are then undefined
   */
  void await();

  boolean isDone();
}
