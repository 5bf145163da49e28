package org.lathe.backends.simt.schedule;

import java.util.List;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.spec.View;

/** Which vectors pay. */
final class Vectors {
  private static final int GPU_LANES = 4;
  private static final long FEW = 4;

  private Vectors() {}

  /** The lanes for vectors of all views along dimension {@code d}: 1 where most accesses would be of single elements. */
  static int lanes(Nest nest, int d, Traits traits) {
    return d < 0 ? 1 : lanes(nest.views, d, nest.space.get(d), traits);
  }

  /** As {@link #lanes(Nest, int, Traits)}, for a dimension of so many points. */
  static int lanes(List<View> views, int d, long points, Traits traits) {
    int contiguous = 0;
    int scattered = 0;
    for (View v : views) {
      long stride = v.strides().get(d);
      contiguous += stride == 1 ? 1 : 0;
      scattered += stride != 0 && stride != 1 ? 1 : 0;
    }
    return contiguous == 0 && scattered > 0 ? 1 : lanes(points, traits);
  }

  /** The lanes for vectors of contiguous elements, of so many points. */
  static int lanes(long points, Traits traits) {
    return switch (traits.form()) {
      case CPU -> Sweep.width(traits.floatLanes(), points);
      case GPU -> GPU_LANES;
      case PIPELINE -> 1;
    };
  }

  /** The dimension along which a view is contiguous that leaps along the last; -1 if there is none. */
  static int acrossDim(Nest nest) {
    int last = nest.rank() - 1;
    for (View v : nest.views) {
      for (int d = 0; d < last; d++) {
        if (Math.abs(v.strides().get(last)) > 1 && Math.abs(v.strides().get(d)) == 1 && nest.space.get(d) >= FEW) {
          return d;
        }
      }
    }
    return -1;
  }
}
