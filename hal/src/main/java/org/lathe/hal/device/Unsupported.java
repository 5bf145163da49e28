package org.lathe.hal.device;

import org.lathe.hal.spec.KernelSpec;

/** A kernel that the device does not take. */
public final class Unsupported extends HalException {
  private static final long serialVersionUID = 1;
  private final transient KernelSpec spec;

  public Unsupported(KernelSpec spec, String why) {
    super("this device does not run " + spec.family() + ": " + why);
    this.spec = spec;
  }

  public KernelSpec spec() {
    return spec;
  }
}
