package org.lathe.hal.device;

/** The device failed while it worked; close it and open it again. */
public final class DeviceLost extends HalException {
  private static final long serialVersionUID = 1;

  public DeviceLost(String device, String reason) {
    super("device " + device + " was lost: " + reason);
  }
}
