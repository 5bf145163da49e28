package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Lines} on the Vector API. The last vector of a line overlaps the one before, and writes the same again; a line
 * shorter than a vector, or two where lines are zipped, goes under masks.
 *
 * <p>Not by shorter vectors: all of this backend's code uses vectors of one length. Where the JVM has seen several, C2
 * keeps open which one a loop carries, and boxes it (see {@link VectorMicroKernels}).
 */
final class VectorLines implements Lines {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(S, i -> 2 * i % L);
  private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(S, i -> (2 * i + 1) % L);
  private static final VectorShuffle<Float> LOW = VectorShuffle.fromOp(S, i -> i / 2);
  private static final VectorShuffle<Float> HIGH = VectorShuffle.fromOp(S, i -> (i + L) / 2);
  private static final VectorMask<Float> ODD_LANES = VectorMask.fromLong(S, 0xaaaa_aaaa_aaaa_aaaaL);
  private static final VectorMask<Float> UPPER = VectorMask.fromLong(S, -1L << L / 2);

  private static final Outlined COPY = new Outlined(MethodHandles.lookup(), "copyLoop", 5);
  private static final Outlined UNZIP = new Outlined(MethodHandles.lookup(), "unzipLoop", 6);
  private static final Outlined ZIP = new Outlined(MethodHandles.lookup(), "zipLoop", 6);

  /** The vector form, and whether it is compiled. */
  static final WarmingLines WARMING = new WarmingLines(new VectorLines(), L);

  private VectorLines() {}

  @Override
  public void copy(long from, long fromStep, long to, long toStep, long lines, int n) {
    COPY.run(from, fromStep, to, toStep, lines, n);
  }

  @Override
  public void unzip(long from, long fromStep, long even, long odd, long toStep, long lines, int n) {
    UNZIP.run(null, from, fromStep, even, odd, toStep, lines, n);
  }

  @Override
  public void zip(long even, long odd, long fromStep, long to, long toStep, long lines, int n) {
    ZIP.run(null, even, odd, fromStep, to, toStep, lines, n);
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  private static FloatVector load(long address, VectorMask<Float> lanes) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER, lanes);
  }

  private static void copyLoop(long from, long fromStep, long to, long toStep, long lines, int n) {
    if (n < L) {
      VectorMask<Float> some = VectorPlanes.first(n);
      for (long y = 0; y < lines; y++) {
        load(from + y * fromStep, some).intoMemorySegment(ALL, to + y * toStep, ORDER, some);
      }
      return;
    }
    for (long y = 0; y < lines; y++) {
      for (int i = 0; i < n; i += L) {
        long at = 4L * Math.min(i, n - L);
        load(from + at).intoMemorySegment(ALL, to + at, ORDER);
      }
      from += fromStep;
      to += toStep;
    }
  }

  private static void unzipLoop(
      long from, long fromStep, long even, long odd, long toStep, long lines, int n) {
    if (n < 2 * L) {
      VectorMask<Float> low = VectorPlanes.first(n);
      VectorMask<Float> high = VectorPlanes.first(n - L);
      VectorMask<Float> evens = VectorPlanes.first((n + 1) / 2);
      VectorMask<Float> odds = VectorPlanes.first(n / 2);
      for (long y = 0; y < lines; y++) {
        FloatVector a = load(from + y * fromStep, low);
        FloatVector b = load(from + y * fromStep + 4L * L, high);
        a.rearrange(EVEN).blend(b.rearrange(EVEN), UPPER).intoMemorySegment(ALL, even + y * toStep, ORDER, evens);
        a.rearrange(ODD).blend(b.rearrange(ODD), UPPER).intoMemorySegment(ALL, odd + y * toStep, ORDER, odds);
      }
      return;
    }
    for (long y = 0; y < lines; y++) {
      for (int i = 0; i < n; i += 2 * L) {
        int first = Math.min(i, n - 2 * L);
        FloatVector a = load(from + 4L * first);
        FloatVector b = load(from + 4L * first + 4L * L);
        // From an odd place on, even lanes are odd elements.
        boolean swapped = first % 2 == 1;
        long here = 4L * (first / 2);
        a.rearrange(EVEN).blend(b.rearrange(EVEN), UPPER)
            .intoMemorySegment(ALL, swapped ? odd + here : even + here, ORDER);
        a.rearrange(ODD).blend(b.rearrange(ODD), UPPER)
            .intoMemorySegment(ALL, swapped ? even + here + 4 : odd + here, ORDER);
      }
      from += fromStep;
      even += toStep;
      odd += toStep;
    }
  }

  private static void zipLoop(
      long even, long odd, long fromStep, long to, long toStep, long lines, int n) {
    if (n < 2 * L) {
      VectorMask<Float> low = VectorPlanes.first(n);
      VectorMask<Float> high = VectorPlanes.first(n - L);
      VectorMask<Float> evens = VectorPlanes.first((n + 1) / 2);
      VectorMask<Float> odds = VectorPlanes.first(n / 2);
      for (long y = 0; y < lines; y++) {
        FloatVector a = load(even + y * fromStep, evens);
        FloatVector b = load(odd + y * fromStep, odds);
        long at = to + y * toStep;
        a.rearrange(LOW).blend(b.rearrange(LOW), ODD_LANES).intoMemorySegment(ALL, at, ORDER, low);
        a.rearrange(HIGH).blend(b.rearrange(HIGH), ODD_LANES).intoMemorySegment(ALL, at + 4L * L, ORDER, high);
      }
      return;
    }
    for (long y = 0; y < lines; y++) {
      for (int i = 0; i < n; i += 2 * L) {
        int first = Math.min(i, n - 2 * L);
        boolean swapped = first % 2 == 1;
        long here = 4L * (first / 2);
        FloatVector a = load(swapped ? odd + here : even + here);
        FloatVector b = load(swapped ? even + here + 4 : odd + here);
        long at = to + 4L * first;
        a.rearrange(LOW).blend(b.rearrange(LOW), ODD_LANES).intoMemorySegment(ALL, at, ORDER);
        a.rearrange(HIGH).blend(b.rearrange(HIGH), ODD_LANES).intoMemorySegment(ALL, at + 4L * L, ORDER);
      }
      even += fromStep;
      odd += fromStep;
      to += toStep;
    }
  }
}
