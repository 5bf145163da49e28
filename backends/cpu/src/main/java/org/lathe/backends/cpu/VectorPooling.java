package org.lathe.backends.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * 2x2 pooling with vectors. Loaded once for each vector length that lines of results call for, so that the species is a
 * constant of the compiled code.
 */
final class VectorPooling implements PairPooling {
  private static final SpeciesClasses CLASSES = new SpeciesClasses(MethodHandles.lookup());

  private static final VectorSpecies<Float> S = SpeciesClasses.species(MethodHandles.lookup());
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

  /** @param width results in a line, at least one vector */
  VectorPooling(int width) {
    this.width = width;
  }

  private static int wrapped(int lane) {
    return lane % LANES;
  }

  /** For lines of {@code width} results, with the longest vectors that fit into them. */
  static PairPooling of(int width) {
    MethodHandles.Lookup in = CLASSES.of(SpeciesClasses.fitting(width));
    try {
      return (PairPooling) in.findConstructor(in.lookupClass(), MethodType.methodType(void.class, int.class))
          .invoke(width);
    } catch (Throwable e) {
      throw new IllegalStateException("the pooling class for " + in.lookupClass() + " cannot be made", e);
    }
  }

  private static FloatVector at(long address) {
    return FloatVector.fromMemorySegment(S, Memory.ALL, address, Memory.ORDER);
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

  /** The last vector of a line overlaps the one before; it writes the same values again. */
  private static void pickLines(long data, long other, long step, long to, long width, int lines) {
    int w = (int) width;
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.min(x, w - LANES);
        pickVector(data + 8 * first, other + 8 * first, step, to + 4 * first);
      }
      data += 2 * step;
      other += 2 * step;
      to += 4 * width;
    }
  }

  private static void pickVector(long d, long o, long step, long to) {
    long next = 4L * LANES;
    FloatVector top0 = at(d);
    FloatVector top1 = at(d + next);
    FloatVector a = halves(top0, top1, EVEN);
    FloatVector b = halves(top0, top1, ODD);
    FloatVector low0 = at(d + step);
    FloatVector low1 = at(d + step + next);
    FloatVector c = halves(low0, low1, EVEN);
    FloatVector e = halves(low0, low1, ODD);
    VectorMask<Float> ab = stays(a, b);
    FloatVector top = b.blend(a, ab);
    VectorMask<Float> topC = stays(top, c);
    FloatVector three = c.blend(top, topC);
    VectorMask<Float> threeE = stays(three, e);
    if (d == o) {
      e.blend(three, threeE).intoMemorySegment(Memory.ALL, to, Memory.ORDER);
      return;
    }
    FloatVector oTop0 = at(o);
    FloatVector oTop1 = at(o + next);
    FloatVector oLow0 = at(o + step);
    FloatVector oLow1 = at(o + step + next);
    FloatVector oTop = halves(oTop0, oTop1, ODD).blend(halves(oTop0, oTop1, EVEN), ab);
    FloatVector oThree = halves(oLow0, oLow1, EVEN).blend(oTop, topC);
    halves(oLow0, oLow1, ODD).blend(oThree, threeE).intoMemorySegment(Memory.ALL, to, Memory.ORDER);
  }

  private static void routeLines(long data, long step, long gradient, long to, long width, int lines) {
    int w = (int) width;
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.min(x, w - LANES);
        routeVector(data + 8 * first, step, gradient + 4 * first, to + 8 * first);
      }
      data += 2 * step;
      gradient += 4 * width;
      to += 2 * step;
    }
  }

  private static void routeVector(long d, long step, long gradient, long to) {
    long next = 4L * LANES;
    FloatVector top0 = at(d);
    FloatVector top1 = at(d + next);
    FloatVector a = halves(top0, top1, EVEN);
    FloatVector b = halves(top0, top1, ODD);
    FloatVector low0 = at(d + step);
    FloatVector low1 = at(d + step + next);
    FloatVector c = halves(low0, low1, EVEN);
    FloatVector e = halves(low0, low1, ODD);
    VectorMask<Float> ab = stays(a, b);
    FloatVector top = b.blend(a, ab);
    VectorMask<Float> topC = stays(top, c);
    VectorMask<Float> threeE = stays(c.blend(top, topC), e);
    FloatVector zero = FloatVector.zero(S);
    FloatVector g = at(gradient);
    FloatVector gThree = zero.blend(g, threeE);
    FloatVector gTop = zero.blend(gThree, topC);
    FloatVector gC = gThree.blend(zero, topC);
    storePairs(zero.blend(gTop, ab), gTop.blend(zero, ab), to, next);
    storePairs(gC, g.blend(zero, threeE), to + step, next);
  }

  /** Stores a and b lane by lane in turn. */
  private static void storePairs(FloatVector a, FloatVector b, long to, long next) {
    a.rearrange(LOW).blend(b.rearrange(LOW), ODD_LANES).intoMemorySegment(Memory.ALL, to, Memory.ORDER);
    a.rearrange(HIGH).blend(b.rearrange(HIGH), ODD_LANES).intoMemorySegment(Memory.ALL, to + next, Memory.ORDER);
  }

  private static void meanLines(long data, long step, long to, long width, int lines) {
    int w = (int) width;
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.min(x, w - LANES);
        long d = data + 8 * first;
        FloatVector low = at(d).add(at(d + step));
        FloatVector high = at(d + 4L * LANES).add(at(d + step + 4L * LANES));
        halves(low, high, EVEN)
            .add(halves(low, high, ODD))
            .mul(0.25f)
            .intoMemorySegment(Memory.ALL, to + 4 * first, Memory.ORDER);
      }
      data += 2 * step;
      to += 4 * width;
    }
  }

  private static void spreadLines(long step, long gradient, long to, long width, int lines) {
    int w = (int) width;
    for (int y = 0; y < lines; y++) {
      for (int x = 0; x < w; x += LANES) {
        long first = Math.min(x, w - LANES);
        FloatVector g = at(gradient + 4 * first).mul(0.25f);
        FloatVector low = g.rearrange(LOW);
        FloatVector high = g.rearrange(HIGH);
        long d = to + 8 * first;
        low.intoMemorySegment(Memory.ALL, d, Memory.ORDER);
        high.intoMemorySegment(Memory.ALL, d + 4L * LANES, Memory.ORDER);
        low.intoMemorySegment(Memory.ALL, d + step, Memory.ORDER);
        high.intoMemorySegment(Memory.ALL, d + step + 4L * LANES, Memory.ORDER);
      }
      gradient += 4 * width;
      to += 2 * step;
    }
  }

  @Override
  public String toString() {
    return LANES + " at a time";
  }
}
