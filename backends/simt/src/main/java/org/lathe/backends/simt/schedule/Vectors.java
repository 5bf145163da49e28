package org.lathe.backends.simt.schedule;

import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.View;

/** Which vectors pay on devices that have them. */
final class Vectors {
  private Vectors() {}

  /** The lanes for vectors of all views along dimension {@code d}: 1 where most accesses would be of single elements. */
  static int lanes(Nest nest, int d, Traits traits) {
    if (d < 0 || nest.space.get(d) < 2) {
      return 1;
    }
    int contiguous = 0;
    int scattered = 0;
    for (View v : nest.views) {
      long stride = v.strides().get(d);
      contiguous += stride == 1 ? 1 : 0;
      scattered += stride != 0 && stride != 1 ? 1 : 0;
    }
    return contiguous == 0 && scattered > 0 ? 1 : Sweep.width(traits.floatLanes(), nest.space.get(d));
  }
}
