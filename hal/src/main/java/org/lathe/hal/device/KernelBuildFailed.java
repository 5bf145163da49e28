package org.lathe.hal.device;

/** The device's compiler refused a kernel: a defect of Lathe or of the driver. */
public final class KernelBuildFailed extends HalException {
  private static final long serialVersionUID = 1;
  private final String source;
  private final String log;

  public KernelBuildFailed(String kernel, String source, String log) {
    super("kernel '" + kernel + "' did not build: " + log.lines().findFirst().orElse("no log"));
    this.source = source;
    this.log = log;
  }

  public String source() {
    return source;
  }

  public String log() {
    return log;
  }
}
