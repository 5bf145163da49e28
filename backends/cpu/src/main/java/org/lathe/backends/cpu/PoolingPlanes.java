package org.lathe.backends.cpu;

import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;

/**
 * How {@link PlanePooling} lays out a block of pictures, or a band of lines of one picture, in scratch memory.
 *
 * <p>A picture with its padding is taken apart by the strides: the element (r, c) goes to the phase (r mod strideY, c mod
 * strideX), there to line r / strideY and column c / strideX. All phases have the same {@link #pitch}, so that element (i,
 * j) of the window (y, x) lies in phase (i mod strideY, j mod strideX) at y * pitch + x and a constant that depends on i
 * and j alone: one elementwise operation over a dense run does it for all windows of the block. Where lines are longer than
 * results, the run computes some that nobody reads.
 *
 * <p>In memory the column's phase comes first ({@link #plane} elements each), then the line's phase, the picture, the line.
 * A block's windows begin at line {@code band * own - extra} of the windows of a picture: gradients of the band's lines of
 * data take part in {@code extra} lines of windows before.
 */
final class PoolingPlanes {
  final int strideY;
  final int strideX;
  final int windowHeight;
  final int windowWidth;
  private final int padY;
  private final int padX;
  final int height;
  private final int width;
  final int outHeight;
  final int outWidth;

  /** Pictures of a block, at most. */
  final int pictures;
  final int bands;
  /** Lines of windows that a band has to itself; of a gradient as many lines of each line phase of the data. */
  final int own;
  /** Lines of windows before these. */
  final int extra;
  /** Elements from one line to the next. */
  final int pitch;
  /** Lines of windows of a block's picture. */
  final int windows;
  /** Lines of one phase of a block's picture. */
  final int lines;
  /** How many line phases windows touch. */
  final int phases;
  /** Elements of all line phases of one column phase. */
  final int run;
  /** Elements from one column phase to the next. */
  final int plane;

  /** @param own lines of windows in a band, or more than there are */
  PoolingPlanes(Pooling p, int pictures, int own) {
    strideY = Math.toIntExact(p.strideY());
    strideX = Math.toIntExact(p.strideX());
    windowHeight = Math.toIntExact(p.windowHeight());
    windowWidth = Math.toIntExact(p.windowWidth());
    padY = Math.toIntExact(p.padY());
    padX = Math.toIntExact(p.padX());
    height = Math.toIntExact(p.height());
    width = Math.toIntExact(p.width());
    outHeight = Math.toIntExact(p.outHeight());
    outWidth = Math.toIntExact(p.outWidth());
    boolean gradient = p.form() == Form.GRADIENT;
    int all = gradient ? Math.ceilDiv(padY + height, strideY) : outHeight;
    this.pictures = pictures;
    this.own = Math.ceilDiv(all, Math.ceilDiv(all, Math.min(all, own)));
    this.bands = Math.ceilDiv(all, this.own);
    this.extra = gradient ? (windowHeight - 1) / strideY : 0;
    int reached = outWidth + (windowWidth - 1) / strideX;
    this.pitch = gradient ? Math.max(reached, Math.ceilDiv(padX + width, strideX)) : reached;
    this.windows = extra + this.own;
    this.lines = windows + (windowHeight - 1) / strideY;
    this.phases = Math.min(strideY, windowHeight);
    this.run = Math.toIntExact((long) phases * pictures * lines * pitch);
    this.plane = padded(run + (windowWidth - 1) / strideX);
  }

  /** The length of memory for a run of n elements. */
  static int padded(int n) {
    return (n + PlaneMath.SLACK + 15) / 16 * 16;
  }

  /** Elements of the windows of a block. */
  int windowRun() {
    return ((pictures - 1) * lines + windows) * pitch;
  }

  /** Where the window's column j begins, in elements. */
  int column(int j) {
    return j % strideX * plane + j / strideX;
  }

  /** Where the window's line i begins. */
  int line(int i) {
    return (i % strideY * pictures * lines + i / strideY) * pitch;
  }

  /** The first line of windows of a block. */
  int firstWindow(int band) {
    return band * own - extra;
  }

  /** The line of data that goes to the first line of a phase. */
  private int firstLine(int band, int phase) {
    return firstWindow(band) * strideY + phase - padY;
  }

  /** The first line of data that a band reads, or one after the last. */
  int firstRead(int band) {
    return Math.clamp(firstLine(band, 0), 0, height);
  }

  int lastRead(int band) {
    return Math.clamp((long) firstLine(band, 0) + (long) lines * strideY, 0, height);
  }

  /** The first line of data whose gradients a band writes. */
  int firstWritten(int band) {
    return Math.clamp((long) band * own * strideY - padY, 0, height);
  }

  /**
   * Takes the data apart; writes nothing where there are none.
   *
   * @param from the address that line 0 of the first picture has or would have
   */
  void split(Lines lines, long from, int count, int band, long to) {
    int stored = Math.min(width, pitch * strideX - padX);
    long step = 4L * strideY * width;
    for (int phase = 0; phase < phases; phase++) {
      int first = firstLine(band, phase);
      int begin = Math.clamp(Math.ceilDiv(-first, strideY), 0, this.lines);
      int end = Math.clamp(Math.ceilDiv(height - first, strideY), begin, this.lines);
      for (int k = 0; k < count && stored > 0; k++) {
        long data = from + 4L * ((long) k * height + first + (long) begin * strideY) * width;
        split(lines, data, step, to + 4L * ((phase * pictures + k) * this.lines + begin) * pitch, end - begin, stored);
      }
    }
  }

  private void split(Lines how, long from, long step, long to, int lines, int n) {
    long toStep = 4L * pitch;
    if (strideX == 1) {
      how.copy(from, step, to + 4L * padX, toStep, lines, n);
    } else if (strideX == 2) {
      how.unzip(from, step, to + 4L * column(padX), to + 4L * column(padX + 1), toStep, lines, n);
    } else {
      for (int j = 0; j < Math.min(strideX, n); j++) {
        Lines.stride(from + 4L * j, 4L * strideX, step, to + 4L * column(padX + j), 4, toStep, lines,
            Math.ceilDiv(n - j, strideX));
      }
    }
  }

  /** Puts the data that a band writes together, dense. */
  void merge(Lines lines, long from, int count, int band, long to) {
    int begin = firstWritten(band);
    int end = firstWritten(band + 1);
    for (int phase = 0; phase < strideY; phase++) {
      // The band's first line of this phase, and the first that is data.
      int first = band * own * strideY + phase - padY;
      int skipped = Math.max(0, Math.ceilDiv(begin - first, strideY));
      int line = first + skipped * strideY;
      int n = Math.max(0, Math.ceilDiv(end - line, strideY));
      for (int k = 0; k < count; k++) {
        long at = to + 4L * ((long) k * (end - begin) + line - begin) * width;
        if (phase < phases) {
          long source = from + 4L * ((phase * pictures + k) * this.lines + extra + skipped) * pitch;
          merge(lines, source, at, 4L * strideY * width, n);
        } else {
          for (int i = 0; i < n; i++) {
            Memory.fill(at + 4L * i * strideY * width, 4L * width, (byte) 0);
          }
        }
      }
    }
  }

  private void merge(Lines how, long from, long to, long step, int lines) {
    long fromStep = 4L * pitch;
    if (strideX == 1) {
      how.copy(from + 4L * padX, fromStep, to, step, lines, width);
    } else if (strideX == 2) {
      how.zip(from + 4L * column(padX), from + 4L * column(padX + 1), fromStep, to, step, lines, width);
    } else {
      for (int j = 0; j < Math.min(strideX, width); j++) {
        Lines.stride(from + 4L * column(padX + j), 4, fromStep, to + 4L * j, 4L * strideX, step, lines,
            Math.ceilDiv(width - j, strideX));
      }
    }
  }

  /** Writes 0 or whatever {@code pad} is to the lines of a block, of all its pictures, that lie outside of the data. */
  void padLines(int band, long to, int pad) {
    for (int phase = 0; phase < phases; phase++) {
      int first = firstLine(band, phase);
      int begin = Math.clamp(Math.ceilDiv(-first, strideY), 0, lines);
      int end = Math.clamp(Math.ceilDiv(height - first, strideY), begin, lines);
      for (int column = 0; column < strideX; column++) {
        long at = to + 4L * (column * plane + phase * pictures * lines * pitch);
        fill(at, begin * pitch, pad);
        fill(at + 4L * end * pitch, (lines - end) * pitch, pad);
      }
    }
  }

  static void fill(long at, int n, int value) {
    for (int i = 0; i < n; i++) {
      Memory.putInt(at + 4L * i, value);
    }
  }

  /** Results of windows, from their places in the run to dense lines. */
  void results(Lines lines, long from, int count, int band, long to) {
    int n = Math.min(own, outHeight - band * own);
    for (int k = 0; k < count; k++) {
      lines.copy(from + 4L * k * this.lines * pitch, 4L * pitch, to + 4L * k * n * outWidth, 4L * outWidth, n,
          outWidth);
    }
  }

  /** The gradients of results to the places of their windows; 0 for windows that are none. */
  void windows(Lines lines, long from, int count, int band, long to) {
    int first = firstWindow(band);
    int begin = Math.clamp(-(long) first, 0, windows);
    int end = Math.clamp((long) outHeight - first, begin, windows);
    for (int k = 0; k < count; k++) {
      long at = to + 4L * k * this.lines * pitch;
      if (bands > 1) {
        fill(at, begin * pitch, 0);
        fill(at + 4L * end * pitch, (windows - end) * pitch, 0);
      }
      lines.copy(from + 4L * ((long) k * outHeight + first + begin) * outWidth, 4L * outWidth, at + 4L * begin * pitch,
          4L * pitch, end - begin, outWidth);
    }
  }

  /** By what the sums of lines of windows are divided: from line {@code first} on, each of pitch elements. */
  void counts(long to, int first, int lines, boolean countPadding) {
    for (int y = 0; y < lines; y++) {
      int rows = inside(first + y, strideY, padY, windowHeight, height);
      for (int x = 0; x < pitch; x++) {
        int n = rows * inside(x, strideX, padX, windowWidth, width);
        int count = countPadding ? windowHeight * windowWidth : n;
        Memory.putFloat(to + 4L * (y * pitch + x), n == 0 ? 1 : count);
      }
    }
  }

  private static int inside(int at, int stride, int pad, int window, int size) {
    int low = at * stride - pad;
    return Math.max(0, Math.min(size, low + window) - Math.max(0, low));
  }
}
