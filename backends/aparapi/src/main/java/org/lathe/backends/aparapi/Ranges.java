package org.lathe.backends.aparapi;

import com.aparapi.Range;
import com.aparapi.device.Device;
import org.lathe.hal.Dims;

/** Ranges of work items as Aparapi has them. */
final class Ranges {
  private Ranges() {}

  /** @throws IllegalArgumentException if the device has no such groups, where Aparapi would run nothing */
  static Range of(Device device, Dims global, Dims local) {
    int x = Math.toIntExact(global.get(0));
    int y = Math.toIntExact(global.get(1));
    int z = Math.toIntExact(global.get(2));
    int w = Math.toIntExact(local.get(0));
    int h = Math.toIntExact(local.get(1));
    int d = Math.toIntExact(local.get(2));
    Range range = z > 1
        ? Range.create3D(device, x, y, z, w, h, d)
        : y > 1 ? Range.create2D(device, x, y, w, h) : Range.create(device, x, w);
    if (!range.isValid()) {
      throw new IllegalArgumentException(
          "a range of " + global + " in groups of " + local + ": " + device.getShortDescription() + " takes groups of "
              + device.getMaxWorkGroupSize());
    }
    return range;
  }
}
