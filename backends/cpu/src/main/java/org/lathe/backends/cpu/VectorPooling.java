package org.lathe.backends.cpu;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * 2x2 pooling with vectors. The last vector of a line of results overlaps the one before, and writes the same again; a
 * line shorter than a vector goes under masks, for the reason that {@link VectorLines} gives.
 */
final class VectorPooling implements PairPooling {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = S.length();
  private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(S, i -> wrapped(2 * i));
  private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(S, i -> wrapped(2 * i + 1));
  private static final VectorShuffle<Float> LOW = VectorShuffle.fromOp(S, i -> i / 2);
  private static final VectorShuffle<Float> HIGH = VectorShuffle.fromOp(S, i -> (i + LANES) / 2);
  private static final VectorMask<Float> ODD_LANES = VectorMask.fromLong(S, 0xaaaa_aaaa_aaaa_aaaaL);
  private static final VectorMask<Float> UPPER = VectorMask.fromLong(S, -1L << LANES / 2);

  private static final Outlined PICK = new Outlined(MethodHandles.lookup(), "pickLines", 5);
  private static final Outlined ROUTE = new Outlined(MethodHandles.lookup(), "routeLines", 5);
  private static final Outlined MEAN = new Outlined(MethodHandles.lookup(), "meanLines", 4);
  private static final Outlined SPREAD = new Outlined(MethodHandles.lookup(), "spreadLines", 4);

  private final int width;

  /** @param width results in a line, at least {@link #LEAST_WIDTH} */
  VectorPooling(int width) {
    this.width = width;
  }

  private static int wrapped(int lane) {
    return lane % LANES;
  }

  private static FloatVector at(long address, VectorMask<Float> lanes) {
    return FloatVector.fromMemorySegment(S, Memory.ALL, address, Memory.ORDER, lanes);
  }

  /** Under a mask only where there has to be one: masked stores are slow on processors without mask registers. */
  private static void store(FloatVector v, long to, VectorMask<Float> lanes, boolean whole) {
    if (whole) {
      v.intoMemorySegment(Memory.ALL, to, Memory.ORDER);
    } else {
      v.intoMemorySegment(Memory.ALL, to, Memory.ORDER, lanes);
    }
  }

  /** The lanes of two vectors that {@code shuffle} takes from each: the first half of the result from a. */
  private static FloatVector halves(FloatVector a, FloatVector b, VectorShuffle<Float> shuffle) {
    return a.rearrange(shuffle).blend(b.rearrange(shuffle), UPPER);
  }

  /** Where a, which comes first, stays the maximum: it is no less than b, or NaN. */
  private static VectorMask<Float> stays(FloatVector a, FloatVector b) {
    return a.compare(VectorOperators.GE, b).or(a.compare(VectorOperators.NE, a));
  }

  @Override
  public void pick(long data, long other, long step, long to, int lines) {
    PICK.run(data, other, step, to, width, lines);
  }

  @Override
  public void route(long data, long step, long gradient, long to, int lines) {
    ROUTE.run(data, step, gradient, to, width, lines);
  }

  @Override
  public void mean(long data, long step, long to, int lines) {
    MEAN.run(data, step, to, width, lines);
  }

  @Override
  public void spread(long step, long gradient, long to, int lines) {
    SPREAD.run(step, gradient, to, width, lines);
  }

  private static void pickLines(long data, long other, long step, long to, long width, int lines) {
    int w = (int) width;
    VectorMask<Float> low = VectorPlanes.first(2 * w);
    VectorMask<Float> high = VectorPlanes.first(2 * w - LANES);
    VectorMask<Float> results = VectorPlanes.first(w);
    long next = 4L * LANES;
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.clamp(w - LANES, 0, x);
        long d = data + 8 * first;
        FloatVector top0 = at(d, low);
        FloatVector top1 = at(d + next, high);
        FloatVector a = halves(top0, top1, EVEN);
        FloatVector b = halves(top0, top1, ODD);
        FloatVector low0 = at(d + step, low);
        FloatVector low1 = at(d + step + next, high);
        FloatVector c = halves(low0, low1, EVEN);
        FloatVector e = halves(low0, low1, ODD);
        VectorMask<Float> ab = stays(a, b);
        FloatVector top = b.blend(a, ab);
        VectorMask<Float> topC = stays(top, c);
        FloatVector three = c.blend(top, topC);
        VectorMask<Float> threeE = stays(three, e);
        if (data == other) {
          store(e.blend(three, threeE), to + 4 * first, results, w >= LANES);
          continue;
        }
        long o = other + 8 * first;
        FloatVector oTop0 = at(o, low);
        FloatVector oTop1 = at(o + next, high);
        FloatVector oLow0 = at(o + step, low);
        FloatVector oLow1 = at(o + step + next, high);
        FloatVector oTop = halves(oTop0, oTop1, ODD).blend(halves(oTop0, oTop1, EVEN), ab);
        FloatVector oThree = halves(oLow0, oLow1, EVEN).blend(oTop, topC);
        store(halves(oLow0, oLow1, ODD).blend(oThree, threeE), to + 4 * first, results, w >= LANES);
      }
      data += 2 * step;
      other += 2 * step;
      to += 4 * width;
    }
  }

  private static void routeLines(long data, long step, long gradient, long to, long width, int lines) {
    int w = (int) width;
    VectorMask<Float> low = VectorPlanes.first(2 * w);
    VectorMask<Float> high = VectorPlanes.first(2 * w - LANES);
    VectorMask<Float> results = VectorPlanes.first(w);
    long next = 4L * LANES;
    FloatVector zero = FloatVector.zero(S);
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.clamp(w - LANES, 0, x);
        long d = data + 8 * first;
        FloatVector top0 = at(d, low);
        FloatVector top1 = at(d + next, high);
        FloatVector a = halves(top0, top1, EVEN);
        FloatVector b = halves(top0, top1, ODD);
        FloatVector low0 = at(d + step, low);
        FloatVector low1 = at(d + step + next, high);
        FloatVector c = halves(low0, low1, EVEN);
        FloatVector e = halves(low0, low1, ODD);
        VectorMask<Float> ab = stays(a, b);
        FloatVector top = b.blend(a, ab);
        VectorMask<Float> topC = stays(top, c);
        VectorMask<Float> threeE = stays(c.blend(top, topC), e);
        FloatVector g = at(gradient + 4 * first, results);
        FloatVector gThree = zero.blend(g, threeE);
        FloatVector gTop = zero.blend(gThree, topC);
        long line = to + 8 * first;
        storePairs(zero.blend(gTop, ab), gTop.blend(zero, ab), line, low, high, w >= LANES);
        storePairs(gThree.blend(zero, topC), g.blend(zero, threeE), line + step, low, high, w >= LANES);
      }
      data += 2 * step;
      gradient += 4 * width;
      to += 2 * step;
    }
  }

  /** Stores a and b lane by lane in turn. */
  private static void storePairs(
      FloatVector a, FloatVector b, long to, VectorMask<Float> low, VectorMask<Float> high, boolean whole) {
    store(a.rearrange(LOW).blend(b.rearrange(LOW), ODD_LANES), to, low, whole);
    store(a.rearrange(HIGH).blend(b.rearrange(HIGH), ODD_LANES), to + 4L * LANES, high, whole);
  }

  private static void meanLines(long data, long step, long to, long width, int lines) {
    int w = (int) width;
    VectorMask<Float> low = VectorPlanes.first(2 * w);
    VectorMask<Float> high = VectorPlanes.first(2 * w - LANES);
    VectorMask<Float> results = VectorPlanes.first(w);
    long next = 4L * LANES;
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.clamp(w - LANES, 0, x);
        long d = data + 8 * first;
        FloatVector left = at(d, low).add(at(d + step, low));
        FloatVector right = at(d + next, high).add(at(d + step + next, high));
        FloatVector mean = halves(left, right, EVEN).add(halves(left, right, ODD)).mul(0.25f);
        store(mean, to + 4 * first, results, w >= LANES);
      }
      data += 2 * step;
      to += 4 * width;
    }
  }

  private static void spreadLines(long step, long gradient, long to, long width, int lines) {
    int w = (int) width;
    VectorMask<Float> low = VectorPlanes.first(2 * w);
    VectorMask<Float> high = VectorPlanes.first(2 * w - LANES);
    VectorMask<Float> results = VectorPlanes.first(w);
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.clamp(w - LANES, 0, x);
        FloatVector g = at(gradient + 4 * first, results).mul(0.25f);
        long line = to + 8 * first;
        storePairs(g, g, line, low, high, w >= LANES);
        storePairs(g, g, line + step, low, high, w >= LANES);
      }
      gradient += 4 * width;
      to += 2 * step;
    }
  }

  @Override
  public String toString() {
    return Math.min(width, LANES) + " at a time";
  }
}
