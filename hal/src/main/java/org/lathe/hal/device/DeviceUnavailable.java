package org.lathe.hal.device;

/** The device asked for is not there. */
public final class DeviceUnavailable extends HalException {
  private static final long serialVersionUID = 1;
  private final String reason;
  private final String remedy;

  public DeviceUnavailable(String reason, String remedy) {
    super(reason + "; " + remedy);
    this.reason = reason;
    this.remedy = remedy;
  }

  public String reason() {
    return reason;
  }

  /** What the user can do. */
  public String remedy() {
    return remedy;
  }
}
