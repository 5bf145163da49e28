package org.lathe.backends.cpu;

import org.lathe.hal.Dims;

/** The 3x3 filters of a correlation, put in the order [channel][tap][row of the product] and taken to the points. */
final class WinogradFilters {
  private final long offset;
  /** Strides, in elements, along the product's rows and the source's channels. */
  private final long rowStride;
  private final long channelStride;
  private final long downStride;
  private final long acrossStride;
  private final boolean reversed;
  private final int rows;
  private final int block;

  /** @param block how many rows of the product are side by side */
  WinogradFilters(Correlation source, int block) {
    Dims s = source.filters().strides();
    this.reversed = source.transposed();
    this.offset = source.filters().offset();
    this.rowStride = s.get(reversed ? 1 : 0);
    this.channelStride = s.get(reversed ? 0 : 1);
    this.downStride = s.get(2);
    this.acrossStride = s.get(3);
    this.rows = (int) source.rows();
    this.block = block;
  }

  /** Copies the filters of {@code count} channels and one block of rows to [channel][tap][row]; rows behind the last are zero. */
  void gather(long filters, int number, int channel, int count, long to) {
    int first = number * block;
    int present = Math.min(block, rows - first);
    long step = 4L * block;
    if (present < block) {
      Memory.fill(to, count * TileTransforms.TAPS * step, (byte) 0);
    }
    long from = filters + 4 * (offset + first * rowStride + channel * channelStride);
    for (int c = 0; c < count; c++) {
      if (acrossStride == 1 && downStride == 3) {
        // The gradient of the data sees each filter turned by half a turn: its taps from the last to the first.
        Packing.transposed(from, 4 * rowStride, TileTransforms.TAPS, present,
            reversed ? to + (TileTransforms.TAPS - 1) * step : to, reversed ? -step : step);
      } else {
        strided(from, present, to, step);
      }
      from += 4 * channelStride;
      to += TileTransforms.TAPS * step;
    }
  }

  private void strided(long from, int present, long to, long step) {
    for (int t = 0; t < TileTransforms.TAPS; t++) {
      int tap = reversed ? TileTransforms.TAPS - 1 - t : t;
      long at = from + 4 * (tap / 3 * downStride + tap % 3 * acrossStride);
      for (int r = 0; r < present; r++) {
        Memory.putFloat(to + t * step + 4L * r, Memory.getFloat(at + 4 * r * rowStride));
      }
    }
  }

  /**
   * Takes gathered filters to the points: [point][channel][row].
   *
   * @param plane bytes from one point to the next
   */
  void transform(TileTransforms transforms, long from, int count, long to, long plane, long temporary) {
    long step = 4L * block;
    for (int c = 0; c < count; c++) {
      transforms.filter(from, step, to, plane, temporary, block / transforms.lanes());
      from += TileTransforms.TAPS * step;
      to += step;
    }
  }
}
