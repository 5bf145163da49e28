package org.lathe.hal.device;

/** An allocation that the device cannot give. Nothing was changed. */
public final class OutOfDeviceMemory extends HalException {
  private static final long serialVersionUID = 1;
  private final long askedBytes;
  private final long freeBytes;

  public OutOfDeviceMemory(long askedBytes, long freeBytes) {
    super("out of device memory: asked for " + askedBytes + " bytes, " + freeBytes + " are free");
    this.askedBytes = askedBytes;
    this.freeBytes = freeBytes;
  }

  public long askedBytes() {
    return askedBytes;
  }

  public long freeBytes() {
    return freeBytes;
  }
}
