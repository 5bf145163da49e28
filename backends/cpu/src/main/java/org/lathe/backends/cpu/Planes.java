package org.lathe.backends.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.View;

/**
 * Copies of parts of images, padded with zeros: split into phases where the stride is not 1, so that every tap of a filter
 * reads consecutive elements; or whole, which is copied by lines, for who finds each element through a table.
 *
 * <p>For {@code images} images and a band of {@code bandHeight} result rows: [channel][phase][image][row][column], the
 * rows {@link #width} long. Result (u, v) of the band lies at {@link #resultOffset} of its image; the tap's element for it
 * lies {@link #tapOffset} further.
 */
final class Planes {
  private static final int LONG_LINE = 48;

  /** A phase: which remainder of the source coordinates. */
  private record Phase(long y, long x) {}

  final int width;
  final int height;
  final int images;
  final int channels;
  private final Correlation source;
  /** By how much the source's coordinates move from an element of a plane to the next. */
  private final long step;

  private final long stepX;
  private final List<Phase> phases = new ArrayList<>();
  /** Of each phase, the first column that the source has, and what is behind the last. */
  private final int[] firstColumn;
  private final int[] endColumn;
  private final long lowY;
  private final long lowX;
  private final long channelStride;
  private final long rowStride;
  private final long columnStride;
  private final List<Correlation.Tap> taps;
  private final DType stored;
  private final DType kept;

  private Planes(Correlation source, Correlation.Part part, int bandHeight, int images, boolean split) {
    this.source = source;
    this.step = split ? source.step() : 1;
    this.stepX = split ? source.stepX() : 1;
    this.taps = part.taps();
    this.images = images;
    this.channels = (int) source.channels();
    this.stored = source.source().dtype();
    this.kept = Elements.sums(stored);
    long low = Long.MAX_VALUE;
    long lowRight = Long.MAX_VALUE;
    long high = Long.MIN_VALUE;
    long highRight = Long.MIN_VALUE;
    for (Correlation.Tap t : taps) {
      Phase p = phase(t);
      if (!phases.contains(p)) {
        phases.add(p);
      }
      low = Math.min(low, Math.floorDiv(t.y(), step));
      high = Math.max(high, Math.floorDiv(t.y(), step));
      lowRight = Math.min(lowRight, Math.floorDiv(t.x(), stepX));
      highRight = Math.max(highRight, Math.floorDiv(t.x(), stepX));
    }
    this.lowY = taps.isEmpty() ? 0 : low;
    this.lowX = taps.isEmpty() ? 0 : lowRight;
    this.height = taps.isEmpty() ? 0 : (int) (rows(bandHeight) + high - low);
    this.width = (int) (columns(part.width()) + (taps.isEmpty() ? 0 : highRight - lowRight));
    this.firstColumn = phases.stream()
        .mapToInt(p -> (int) Math.clamp(Tiling.ceil(-p.x(), stepX) - lowX, 0, width))
        .toArray();
    this.endColumn = IntStream.range(0, phases.size())
        .map(i -> (int) Math.clamp(
            Tiling.ceil(source.width() - phases.get(i).x(), stepX) - lowX, firstColumn[i], width))
        .toArray();
    Dims s = source.source().strides();
    this.channelStride = s.get(1);
    this.rowStride = s.get(2);
    this.columnStride = s.get(3);
  }

  /** For taps that read consecutive elements. */
  static Planes split(Correlation source, Correlation.Part part, int bandHeight, int images) {
    return new Planes(source, part, bandHeight, images, true);
  }

  /** For elements that are found through a table. */
  static Planes whole(Correlation source, Correlation.Part part, int bandHeight, int images) {
    return new Planes(source, part, bandHeight, images, false);
  }

  private Phase phase(Correlation.Tap t) {
    return new Phase(Math.floorMod(t.y(), step), Math.floorMod(t.x(), stepX));
  }

  /** The rows of a plane that some result rows' equal taps read, with those between. */
  private long rows(long results) {
    return results == 0 ? 0 : (results - 1) * (source.step() / step) + 1;
  }

  private long columns(long results) {
    return results == 0 ? 0 : (results - 1) * (source.stepX() / stepX) + 1;
  }

  /** Elements of one plane: one phase of one channel of one image. */
  long planeElements() {
    return (long) width * height;
  }

  long elements() {
    return channels * phases.size() * images * planeElements();
  }

  /** How long an array must be to be {@link #fill filled}. */
  int arrayLength() {
    return Math.toIntExact(elements() + (Simd.PRESENT ? VectorPlanes.SLACK : 0));
  }

  /** Where in its image's plane the taps of result (u, v) of the band begin. */
  long resultOffset(long u, long v) {
    return u * (source.step() / step) * width + v * (source.stepX() / stepX);
  }

  /** From a result position's place to the element that {@code tap} reads of {@code channel}, in elements. */
  long tapOffset(long channel, Correlation.Tap tap) {
    long plane = (channel * phases.size() + phases.indexOf(phase(tap))) * images * planeElements();
    long down = Math.floorDiv(tap.y(), step) - lowY;
    long right = Math.floorDiv(tap.x(), stepX) - lowX;
    return plane + down * width + right;
  }

  /**
   * Whether the source itself, from its first image row on, can stand for the planes: nothing padded, nothing split,
   * rows one behind the other, and the element type that the kernels want.
   */
  boolean sourceWillDo(Correlation.Part part) {
    View v = source.source();
    return stored == kept
        && phases.size() == 1
        && source.step() == 1
        && source.stepX() == 1
        && v.strides().get(3) == 1
        && v.strides().get(2) >= source.width()
        && lowY >= 0
        && lowX >= 0
        && part.height() - 1 + lastDown() < source.height()
        && part.width() - 1 + lastRight() < source.width();
  }

  private long lastDown() {
    return taps.stream().mapToLong(Correlation.Tap::y).max().orElse(0);
  }

  private long lastRight() {
    return taps.stream().mapToLong(Correlation.Tap::x).max().orElse(0);
  }

  /**
   * Fills the planes of {@code count} images from {@code image} on, for result rows from {@code row} on.
   *
   * @param base the address of the source operand
   * @param channel the first channel of the source
   * @param channelCount how many channels, at most those of the planes
   * @param to the address of the planes
   */
  void fill(long base, long channel, int channelCount, long image, int count, long row, long to) {
    View v = source.source();
    long bytes = kept.bytes();
    for (int c = 0; c < channelCount; c++) {
      for (int p = 0; p < phases.size(); p++) {
        for (int i = 0; i < count; i++) {
          long from = v.offset()
              + (image + i) * v.strides().get(0)
              + (channel + c) * v.strides().get(1);
          fillPlane(base, from, p, row, to + i * planeElements() * bytes);
        }
        to += images * planeElements() * bytes;
      }
    }
  }

  private void fillPlane(long base, long from, int phase, long row, long to) {
    View v = source.source();
    long yStride = v.strides().get(2);
    long xStride = v.strides().get(3);
    long bytes = kept.bytes();
    Phase p = phases.get(phase);
    int first = firstColumn[phase];
    int end = endColumn[phase];
    long across = xStride * stepX;
    if (stored == DType.F32 && first < end && (across == 1 || across == 2) && Simd.PRESENT && VectorPlanes.ready()) {
      long y = (rowsBefore(row) + lowY) * step + p.y();
      long line = 4L * width;
      int above = rowsAbove(y);
      int below = rowsUntil(y, above);
      long top = base + 4 * (from + (y + above * step) * yStride + ((lowX + first) * stepX + p.x()) * xStride);
      Memory.fill(to, above * line, (byte) 0);
      if (across == 1) {
        VectorPlanes.lines(top, 4 * step * yStride, to + above * line, width, first, end - first, below - above);
      } else {
        VectorPlanes.seconds(top, 4 * step * yStride, to + above * line, width, first, end - first, below - above);
      }
      Memory.fill(to + below * line, (height - below) * line, (byte) 0);
      return;
    }
    for (int r = 0; r < height; r++) {
      long y = (rowsBefore(row) + lowY + r) * step + p.y();
      long line = to + (long) r * width * bytes;
      if (y < 0 || y >= source.height() || first == end) {
        Memory.fill(line, width * bytes, (byte) 0);
        continue;
      }
      long x = (lowX + first) * stepX + p.x();
      zeros(line, first);
      copy(base, from + y * yStride + x * xStride, xStride * stepX, end - first, line + first * bytes);
      zeros(line + end * bytes, width - end);
    }
  }

  /**
   * The same into an array of the kept type.
   *
   * @param array at least {@link #arrayLength} long
   */
  void fill(long base, long channel, int channelCount, long image, int count, long row, Object array) {
    View v = source.source();
    int plane = (int) planeElements();
    int to = 0;
    for (int c = 0; c < channelCount; c++) {
      for (int p = 0; p < phases.size(); p++) {
        for (int i = 0; i < count; i++) {
          long from = v.offset() + (image + i) * v.strides().get(0) + (channel + c) * channelStride;
          if (array instanceof float[] floats && stored == DType.F32) {
            fillPlane(base + 4 * from, p, row, floats, to + i * plane);
          } else {
            fillPlane(base + stored.bytes() * from, p, row, array, to + i * plane);
          }
        }
        to += images * plane;
      }
    }
  }

  /** How many rows of a plane lie above the source, where the first is the source's row {@code y}. */
  private int rowsAbove(long y) {
    return Math.clamp(Math.ceilDiv(-y, step), 0, height);
  }

  /** The first row of a plane that lies below the source. */
  private int rowsUntil(long y, int above) {
    return Math.clamp(Math.ceilDiv(source.height() - y, step), above, height);
  }

  private long rowsBefore(long row) {
    return row * (source.step() / step);
  }

  /** Where vectors may not be used, lines are short: a plain loop over each costs less than a call that copies it. */
  private void fillPlane(long from, int phase, long row, float[] to, int at) {
    int first = firstColumn[phase];
    int end = endColumn[phase];
    long across = 4 * columnStride * stepX;
    long down = 4 * rowStride * step;
    long y = (rowsBefore(row) + lowY) * step + phases.get(phase).y();
    long line = from + 4 * y * rowStride + 4 * ((lowX + first) * stepX + phases.get(phase).x()) * columnStride;
    if (across == 4 && first < end && Simd.PRESENT && VectorPlanes.ready()) {
      int above = rowsAbove(y);
      int below = rowsUntil(y, above);
      zeros(to, at, at + above * width);
      VectorPlanes.lines(line + above * down, down, to, at + above * width, width, first, end - first, below - above);
      zeros(to, at + below * width, at + height * width);
      return;
    }
    for (int r = 0; r < height; r++) {
      int next = at + width;
      if (y < 0 || y >= source.height() || first == end) {
        zeros(to, at, next);
      } else {
        zeros(to, at, at + first);
        if (across == 4 && end - first >= LONG_LINE) {
          MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, line, to, at + first, end - first);
        } else {
          long element = line;
          for (int i = at + first; i < at + end; i++) {
            to[i] = Memory.getFloat(element);
            element += across;
          }
        }
        zeros(to, at + end, next);
      }
      at = next;
      y += step;
      line += down;
    }
  }

  private static void zeros(float[] to, int from, int end) {
    for (int i = from; i < end; i++) {
      to[i] = 0;
    }
  }

  private void fillPlane(long from, int phase, long row, Object to, int at) {
    for (int r = 0; r < height; r++) {
      long y = (rowsBefore(row) + lowY + r) * step + phases.get(phase).y();
      boolean inside = y >= 0 && y < source.height();
      for (int c = 0; c < width; c++) {
        if (inside && c >= firstColumn[phase] && c < endColumn[phase]) {
          long element = y * rowStride + ((lowX + c) * stepX + phases.get(phase).x()) * columnStride;
          Elements.load(stored, from + element * stored.bytes(), to, at + c);
        } else {
          Array.setByte(to, at + c, (byte) 0);
        }
      }
      at += width;
    }
  }

  private void zeros(long at, int n) {
    for (int i = 0; i < n * kept.bytes(); i += 4) {
      Memory.putInt(at + i, 0);
    }
  }

  private void copy(long base, long element, long stride, int n, long to) {
    long from = base + element * stored.bytes();
    if (stored == DType.F32 && stride == 1) {
      Memory.copy(from, to, 4L * n);
    } else if (stored == DType.F32) {
      for (int i = 0; i < n; i++) {
        Memory.putFloat(to + 4L * i, Memory.getFloat(from + 4 * i * stride));
      }
    } else {
      for (int i = 0; i < n; i++) {
        Elements.load(stored, from + i * stride * stored.bytes(), to + (long) i * kept.bytes());
      }
    }
  }
}
