package org.lathe.backends.cpu;

import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.spec.Pooling;
import org.lathe.hal.spec.Pooling.Form;
import org.lathe.hal.spec.Pooling.Kind;

/**
 * Pooling of f32 for every window, stride and padding: pictures are taken apart by the strides ({@link PoolingPlanes}),
 * then all windows of a block are pooled at once by elementwise operations over dense runs, first along lines, then along
 * columns, so that of equal elements the first in row-major order wins.
 *
 * <p>The gradient of a maximum takes keys and places along in the data's stead: at the end each window knows the place of
 * its maximum, and each element collects the gradients of those windows, of all that contain it, that name it. Sums are in
 * f32, in the order of the windows.
 */
final class PlanePooling implements PoolingForm {
  /** Scratch memory of a block, so that it stays in the second-level cache. */
  private static final long BLOCK_BYTES = 256 << 10;
  /** Beyond this the form is not for the shape. */
  private static final long MOST_BYTES = 16 << 20;

  /** Elements that collect gradients together; a multiple of every vector's length. */
  private static final int CHUNK = 1024;
  private static final long MOST_ELEMENTS = 1 << 26;

  private final Pooling p;
  private final boolean vector;
  private final boolean max;
  private final boolean gradient;
  private final PoolingPlanes g;
  private final WarmingLines dataLines;
  private final WarmingLines resultLines;

  // Places in scratch memory, in bytes.
  private final long planes;
  private final long across;
  private final long result;
  /** From keys to the values that go with them. */
  private final long values;
  private final long dense;
  private final long windows;
  private final long counts;
  /** A run of zeros, where sums begin. */
  private final long zeros;
  private final long sums;
  private final long scratch;

  /** Where the elements of a window lie: along a line, and down a column; in bytes. */
  private final int[] columns;
  private final int[] lines;

  private PlanePooling(Pooling p, boolean vector, PoolingPlanes g) {
    this.p = p;
    this.vector = vector;
    this.g = g;
    this.max = p.kind() == Kind.MAX;
    this.gradient = p.form() == Form.GRADIENT;
    boolean picks = max && p.form() != Form.FORWARD;
    int width = Math.toIntExact(p.width());
    this.dataLines = WarmingLines.of(vector, Math.min(width, g.pitch * g.strideX - Math.toIntExact(p.padX())),
        g.strideX > 1);
    this.resultLines = WarmingLines.of(vector, g.outWidth, false);

    long windowBytes = 4L * PoolingPlanes.padded(g.pictures * g.lines * g.pitch);
    long planeBytes = 4L * g.plane;
    // Windows are read from before their begin, where there are none.
    long margin = 4L * PoolingPlanes.padded((g.windowWidth - 1) / g.strideX);
    this.planes = 0;
    this.across = g.strideX * planeBytes;
    this.result = across + planeBytes + margin;
    long end = result + windowBytes;
    if (gradient && !max) {
      // Sums along lines take the place of the data's planes.
      end = across;
    }
    this.values = picks ? end : 0;
    end += values;
    this.dense = end;
    end += picks ? 4L * PoolingPlanes.padded(Math.toIntExact((long) g.pictures * mostRead(g) * width)) : 0;
    this.windows = end + margin;
    end = gradient ? windows + windowBytes : end;
    this.sums = end;
    end += gradient ? g.strideX * planeBytes : 0;
    this.counts = end;
    end += max ? 0 : 4L * PoolingPlanes.padded(countLines(g) * g.pitch);
    this.zeros = end;
    this.scratch = end + (max && gradient ? 4L * PoolingPlanes.padded(CHUNK) : 0);

    this.columns = new int[g.windowWidth];
    this.lines = new int[g.windowHeight];
    for (int j = 0; j < columns.length; j++) {
      columns[j] = 4 * g.column(j);
    }
    for (int i = 0; i < lines.length; i++) {
      lines[i] = 4 * g.line(i);
    }
  }

  private static int mostRead(PoolingPlanes g) {
    if (g.bands == 1) {
      return g.height;
    }
    int most = 0;
    for (int band = 0; band < g.bands; band++) {
      most = Math.max(most, g.lastRead(band) - g.firstRead(band));
    }
    return most;
  }

  /** One line for each line of windows of all bands, or of all pictures. */
  private static int countLines(PoolingPlanes g) {
    return g.bands == 1 ? g.pictures * g.lines : g.bands * g.own + g.extra + g.lines;
  }

  /** Null where the form is not for the shape: the windows overlap so much that too much is computed for nothing. */
  static @Nullable PlanePooling of(Pooling p, boolean vector, int pictures) {
    if (p.dtype() != DType.F32 || p.dataShape().product() == 0 || p.resultShape().product() == 0
        || p.windowHeight() * p.windowWidth() == 0) {
      return null;
    }
    long pitch = p.outWidth() + (p.windowWidth() + p.padX() + p.width()) / p.strideX() + 1;
    long lines = p.outHeight() + (p.windowHeight() + p.padY() + p.height()) / p.strideY() + 1;
    if (pitch * p.strideX() > MOST_ELEMENTS || pitch * p.strideX() * lines * p.strideY() > MOST_ELEMENTS
        || p.windowHeight() * p.windowWidth() > MOST_ELEMENTS) {
      return null;
    }
    PoolingPlanes whole = new PoolingPlanes(p, 1, Integer.MAX_VALUE);
    long work = (long) whole.run * whole.windowWidth + (long) whole.windowRun() * whole.windowHeight;
    long windows = (long) whole.outHeight * whole.outWidth;
    if (work / 8 > 2 * windows * whole.windowHeight * whole.windowWidth) {
      return null;
    }
    PlanePooling form = new PlanePooling(p, vector, whole);
    long nine = new PlanePooling(p, vector, new PoolingPlanes(p, 9, Integer.MAX_VALUE)).scratch;
    // What does not grow with the pictures counts for one of them.
    int fitting = (int) Math.min(pictures, 8 * (BLOCK_BYTES - form.scratch) / Math.max(1, nine - form.scratch));
    if (fitting > 1) {
      form = new PlanePooling(p, vector, new PoolingPlanes(p, fitting, Integer.MAX_VALUE));
    }
    while (form.scratch > BLOCK_BYTES && form.g.pictures == 1 && form.g.own > 1) {
      form = new PlanePooling(p, vector, new PoolingPlanes(p, 1, (form.g.own + 1) / 2));
    }
    return form.scratch > MOST_BYTES ? null : form;
  }

  @Override
  public int pictures() {
    return g.pictures;
  }

  @Override
  public Pooling spec() {
    return p;
  }

  @Override
  public int bands() {
    return g.bands;
  }

  @Override
  public int firstLine(int band) {
    return gradient ? g.firstWritten(band) : Math.min(g.outHeight, band * g.own);
  }

  @Override
  public long scratch() {
    return scratch;
  }

  private int pad() {
    return !max ? 0 : p.form() == Form.FORWARD ? Float.floatToRawIntBits(Float.NEGATIVE_INFINITY) : Integer.MIN_VALUE;
  }

  @Override
  public void begin(long at) {
    int n = g.strideX * g.plane;
    PoolingPlanes.fill(at + planes, n, pad());
    if (max && gradient) {
      for (int i = 0; i < n; i++) {
        Memory.putInt(at + values + 4L * i, i);
      }
      PoolingPlanes.fill(at + zeros, CHUNK, 0);
    } else if (values != 0) {
      PoolingPlanes.fill(at + values, n, 0);
    }
    if (gradient) {
      PoolingPlanes.fill(at + windows - 4L * (g.windowWidth / g.strideX), PoolingPlanes.padded(
          g.pictures * g.lines * g.pitch) + g.windowWidth / g.strideX, 0);
      PoolingPlanes.fill(at + sums, n, 0);
    }
    if (!max) {
      int pictures = g.bands == 1 ? g.pictures : 1;
      int each = countLines(g) / pictures;
      for (int k = 0; k < pictures; k++) {
        g.counts(at + counts + 4L * k * each * g.pitch, -g.extra, each, p.countPadding());
      }
    }
  }

  @Override
  public void block(long[] operands, long picture, int count, int band, long to, long at, Object heap) {
    PlaneMath math = PlaneMath.now(vector);
    long data = picture * p.height() * p.width() * 4;
    if (gradient) {
      long from = operands[max ? 1 : 0] + picture * g.outHeight * g.outWidth * 4;
      g.windows(resultLines.now(), from, count, band, at + windows);
      if (max) {
        keys(math, operands[0] + data, count, band, at);
        pool(math, at);
        route(math, at);
      } else {
        math.divide(at + windows, counts(at, band), at + windows, g.windowRun());
        spread(math, at);
      }
      g.merge(dataLines.now(), at + sums, count, band, to);
      return;
    }
    if (p.form() == Form.PICK) {
      keys(math, operands[0] + data, count, band, at);
      split(operands[1] + data, count, band, at + values, 0);
    } else {
      split(operands[0] + data, count, band, at, pad());
    }
    long pooled = pool(math, at);
    if (!max) {
      math.divide(pooled, counts(at, band), at + result, g.windowRun());
      pooled = at + result;
    }
    g.results(resultLines.now(), pooled + values, count, band, to);
  }

  private long counts(long at, int band) {
    return at + counts + 4L * band * g.own * g.pitch;
  }

  private void split(long from, int count, int band, long at, int pad) {
    if (g.bands > 1) {
      g.padLines(band, at + planes, pad);
    }
    g.split(dataLines.now(), from, count, band, at + planes);
  }

  private void keys(PlaneMath math, long from, int count, int band, long at) {
    int width = Math.toIntExact(p.width());
    int first = g.firstRead(band);
    int lines = count == 1 ? g.lastRead(band) - first : count * Math.toIntExact(p.height());
    long skipped = 4L * first * width;
    math.keys(from + skipped, at + dense, lines * width);
    split(at + dense - skipped, count, band, at, pad());
  }

  /** Pools along lines, then along columns; returns where the results are. */
  private long pool(PlaneMath math, long at) {
    long lined = at + planes;
    if (columns.length > 1) {
      fold(math, lined, columns, at + across, g.run);
      lined = at + across;
    }
    if (lines.length == 1) {
      return lined;
    }
    fold(math, lined, lines, at + result, g.windowRun());
    return at + result;
  }

  /** The largest or the sum of elements that lie at {@code places} after {@code from}, and after these. */
  private void fold(PlaneMath math, long from, int[] places, long to, int n) {
    long sum = from + places[0];
    for (int i = 1; i < places.length; i += 2) {
      long b = from + places[i];
      boolean two = i + 1 == places.length;
      long c = two ? b : from + places[i + 1];
      if (values != 0) {
        math.pick(sum, b, c, to, values, n);
      } else if (max) {
        math.max(sum, b, c, to, n);
      } else if (two) {
        math.sum(sum, b, to, n);
      } else {
        math.sum(sum, b, c, to, n);
      }
      sum = to;
    }
  }

  /** Adds to each element the gradients of the windows that picked it; so many at once that these stay in cache. */
  private void route(PlaneMath math, long at) {
    int n = g.windowRun() - g.extra * g.pitch;
    long picked = (lines.length > 1 ? result : columns.length > 1 ? across : planes) + values;
    for (int phaseX = 0; phaseX < Math.min(g.strideX, g.windowWidth); phaseX++) {
      for (int phaseY = 0; phaseY < g.phases; phaseY++) {
        int first = g.column(phaseX) + g.line(phaseY) + g.extra * g.pitch;
        for (int i = 0; i < n; i += CHUNK) {
          long window = 4L * (g.extra * g.pitch + i);
          route(math, phaseX, phaseY, at + picked + window, at + windows + window, at + zeros, at + sums,
              first + i, Math.min(n - i, CHUNK));
        }
      }
    }
  }

  /** To n elements of one phase, from {@code first} on, from the window that begins at the first of them, and before. */
  private void route(
      PlaneMath math, int phaseX, int phaseY, long picked, long gradients, long zeros, long sums, int first, int n) {
    long to = sums + 4L * first;
    long sum = zeros;
    // In the order of the windows: those whose last line and column it is come first.
    for (int i = (g.windowHeight - 1 - phaseY) / g.strideY; i >= 0; i--) {
      for (int j = (g.windowWidth - 1 - phaseX) / g.strideX; j >= 0; j -= 3) {
        int taps = Math.min(3, j + 1);
        long before = 4L * (i * g.pitch + j - taps + 1);
        math.route(picked - before, gradients - before, sum, to, first, taps, n);
        sum = to;
      }
    }
  }

  /** Adds to each element the gradients of the windows that contain it: along lines, then along columns. */
  private void spread(PlaneMath math, long at) {
    int n = g.windowRun() - g.extra * g.pitch;
    for (int phaseX = 0; phaseX < Math.min(g.strideX, g.windowWidth); phaseX++) {
      int last = (g.windowWidth - 1 - phaseX) / g.strideX;
      long along = at + planes + 4L * phaseX * g.plane;
      sum(math, at + windows, last, 1, along, g.windowRun());
      for (int phaseY = 0; phaseY < g.phases; phaseY++) {
        long to = at + sums + 4L * (g.column(phaseX) + g.line(phaseY) + g.extra * g.pitch);
        sum(math, along + 4L * g.extra * g.pitch, (g.windowHeight - 1 - phaseY) / g.strideY, g.pitch, to, n);
      }
    }
  }

  /** The sums of the elements at {@code from} and the {@code last} before, each {@code step} elements before the next. */
  private static void sum(PlaneMath math, long from, int last, int step, long to, int n) {
    if (last == 0) {
      Memory.copy(from, to, 4L * n);
      return;
    }
    long sum = from - 4L * last * step;
    for (int i = last - 1; i >= 0; i -= 2) {
      long next = from - 4L * i * step;
      if (i == 0) {
        math.sum(sum, next, to, n);
      } else {
        math.sum(sum, next, next + 4L * step, to, n);
      }
      sum = to;
    }
  }

  @Override
  public String toString() {
    return "windows all at once, "
        + (g.bands > 1 ? g.bands + " bands of " + g.own + " lines" : g.pictures + " pictures");
  }
}
