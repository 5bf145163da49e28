package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.DType;

/** How wide vectors should be. */
final class Lanes {
  private Lanes() {}

  /** The lanes of the device's vectors of this type, fewer where {@code items} do not fill half of them. */
  static int of(DType dtype, Traits traits, long items) {
    int lanes = Math.clamp(traits.floatLanes() * 4L / dtype.bytes(), 1, 16);
    if (traits.isPipeline()) {
      return 1;
    }
    while (lanes > 1 && lanes / 2 >= items) {
      lanes /= 2;
    }
    return lanes;
  }
}
