package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Convolution;
import org.lathe.hal.spec.View;

/**
 * Where the lines of a convolution's result lie whose products are stored as they are.
 *
 * @param offset of the result in its operand, in bytes, as are the steps
 * @param joined whether the lines follow each other without a gap, in the source's copy and in the result
 */
record StoredLines(long offset, long imageBytes, long channelBytes, long rowBytes, boolean joined) {

  /**
   * Null where there is an epilogue, the result's pixels are not next to each other, or its lines do not end with a vector.
   *
   * @param lineStep elements from one line of the source's copy to the next
   */
  static @Nullable StoredLines of(Convolution spec, Correlation.Part part, int lineStep, int lanes) {
    if (!spec.epilogue().isStore()) {
      return null;
    }
    View v = spec.epilogue().outputs().getFirst();
    Dims s = v.strides();
    boolean joined = lineStep == part.width() && s.get(2) == part.width();
    boolean whole = part.stepY() == 1 && part.stepX() == 1 && part.width() > 0;
    if (!whole || s.get(3) != 1 || v.dtype() != Elements.sums(spec.first().dtype())
        || v.dtype() != spec.accumulator() || !joined && part.width() % lanes != 0) {
      return null;
    }
    long bytes = v.dtype().bytes();
    return new StoredLines(v.offset() * bytes, s.get(0) * bytes, s.get(1) * bytes, s.get(2) * bytes, joined);
  }

  long at(long image, long channel, long row) {
    return offset + image * imageBytes + channel * channelBytes + row * rowBytes;
  }
}
