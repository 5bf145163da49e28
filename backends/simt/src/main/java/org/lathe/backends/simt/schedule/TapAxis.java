package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.spec.Convolution.Form;
import org.lathe.hal.spec.Convolution.Geometry;

/**
 * One axis of a correlation: what a convolution, or its data gradient, is along the height or the width. Output positions
 * fall into classes by their remainder; position {@code q * classes + r} of class r adds up, over the class's taps,
 * elements {@code (q + offset) * step + phase} of the source, which is zero outside.
 *
 * @param size of the output
 * @param source size of the source
 * @param step between source elements of neighbouring positions
 * @param taps those of each class
 * @param phases the remainders by {@code step} of the source elements in use
 */
record TapAxis(long size, long source, long step, List<List<Tap>> taps, List<Long> phases) {

  /**
   * @param index along the filter
   * @param phase its number among the axis's
   */
  record Tap(long index, int phase, long offset) {}

  static TapAxis height(Form form, Geometry g) {
    return form == Form.DATA_GRADIENT
        ? gradient(g.height(), g.outHeight(), g.kernelHeight(), g.strideY(), g.padY(), g.dilationY())
        : forward(g.outHeight(), g.height(), g.kernelHeight(), g.strideY(), g.padY(), g.dilationY());
  }

  static TapAxis width(Form form, Geometry g) {
    return form == Form.DATA_GRADIENT
        ? gradient(g.width(), g.outWidth(), g.kernelWidth(), g.strideX(), g.padX(), g.dilationX())
        : forward(g.outWidth(), g.width(), g.kernelWidth(), g.strideX(), g.padX(), g.dilationX());
  }

  private static TapAxis forward(long size, long source, long kernel, long stride, long pad, long dilation) {
    List<Long> phases = new ArrayList<>();
    List<Tap> taps = new ArrayList<>();
    for (long i = 0; i < kernel; i++) {
      long position = i * dilation - pad;
      long phase = Math.floorMod(position, stride);
      if (!phases.contains(phase)) {
        phases.add(phase);
      }
      taps.add(new Tap(i, phases.indexOf(phase), Math.floorDiv(position, stride)));
    }
    return new TapAxis(size, source, stride, List.of(taps), phases);
  }

  private static TapAxis gradient(long size, long source, long kernel, long stride, long pad, long dilation) {
    List<List<Tap>> classes = new ArrayList<>();
    for (long r = 0; r < stride; r++) {
      List<Tap> taps = new ArrayList<>();
      for (long i = 0; i < kernel; i++) {
        long distance = r + pad - i * dilation;
        if (Math.floorMod(distance, stride) == 0) {
          taps.add(new Tap(i, 0, distance / stride));
        }
      }
      classes.add(taps);
    }
    return new TapAxis(size, source, 1, classes, List.of(0L));
  }

  int classes() {
    return taps.size();
  }

  /** The positions of the largest class. */
  long count() {
    return Math.ceilDiv(size, classes());
  }

  /** Whether there is an output position {@code at}: the classes may be of unequal sizes. */
  Value covers(Value at) {
    return size % classes() == 0 ? Values.bool(true) : Values.less(at, size);
  }

  long leastOffset() {
    return taps.stream().flatMap(List::stream).mapToLong(Tap::offset).min().orElse(0);
  }

  /** How many more source elements than positions there are, in each phase. */
  long reach() {
    return taps.stream().flatMap(List::stream).mapToLong(Tap::offset).max().orElse(0) - leastOffset();
  }

  /** The taps of the class that has most. */
  long mostTaps() {
    return taps.stream().mapToLong(List::size).max().orElse(0);
  }

  /** How far the source element of a tap is from the one at offset 0. */
  long shift(Tap tap) {
    return tap.offset() * step + phases.get(tap.phase());
  }

  /** Whether a class has a tap {@code i}. */
  Value hasTap(Value position, Value i) {
    boolean all = taps.stream().allMatch(t -> t.size() == mostTaps());
    return all ? Values.bool(true) : Values.less(i, tapCount(position));
  }

  /** The number of taps of a class. */
  Value tapCount(Value position) {
    return entry(position, taps.stream().map(t -> (long) t.size()).toList());
  }

  /** What {@code f} gives for tap {@code i} of a class. */
  Value table(Value position, Value i, ToLongFunction<Tap> f) {
    Value result = ofClass(classes() - 1, i, f);
    for (int r = classes() - 2; r >= 0; r--) {
      result = Values.select(Values.equal(position, r), ofClass(r, i, f), result);
    }
    return result;
  }

  private Value ofClass(int r, Value i, ToLongFunction<Tap> f) {
    return entry(i, taps.get(r).stream().map(f::applyAsLong).toList());
  }

  /** Entry {@code i} of a list of constants. */
  private static Value entry(Value i, List<Long> entries) {
    if (entries.isEmpty()) {
      return Values.index(0);
    }
    long first = entries.getFirst();
    long step = entries.size() == 1 ? 0 : entries.get(1) - first;
    boolean regular = true;
    for (int n = 0; n < entries.size(); n++) {
      regular &= entries.get(n) == first + n * step;
    }
    if (regular) {
      return Values.add(Values.mul(i, step), first);
    }
    Value result = Values.index(entries.getLast());
    for (int n = entries.size() - 2; n >= 0; n--) {
      result = Values.select(Values.equal(i, n), Values.index(entries.get(n)), result);
    }
    return result;
  }
}
