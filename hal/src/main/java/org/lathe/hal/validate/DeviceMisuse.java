package org.lathe.hal.validate;

/** A call that breaks the contract of {@code org.lathe.hal.device}: a defect of the caller, or of the backend. */
public final class DeviceMisuse extends IllegalStateException {
  private static final long serialVersionUID = 1;

  DeviceMisuse(String device, String problem) {
    super("device " + device + ": " + problem);
  }
}
