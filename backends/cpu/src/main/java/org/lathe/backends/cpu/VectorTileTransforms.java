package org.lathe.backends.cpu;

import static org.lathe.backends.cpu.Memory.ALL;
import static org.lathe.backends.cpu.Memory.ORDER;

import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link TileTransforms} on the Vector API.
 *
 * <p>Lines are outlined, not whole tiles: C2 would inline the second pass into the first's caller, run out of nodes there,
 * and box what that stores.
 *
 * <p>Each goes over the lines of a window twice, down and across, and keeps what lies between in temporary memory, which
 * stays in the first-level cache. For a window of 6x6: 72 loads, 72 stores and 144 multiply-adds of vectors.
 */
final class VectorTileTransforms implements TileTransforms {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();
  private static final long BYTES = S.vectorByteSize();

  private static final Outlined INPUT = lines("inputLines");
  private static final Outlined INPUT_TO_ARRAY = Outlined.withArray(MethodHandles.lookup(), "inputLinesToArray", 3);
  private static final Outlined FILTER = lines("filterLines");
  private static final Outlined OUTPUT = lines("outputLines");
  private static final Outlined GRADIENT = lines("gradientLines");
  private static final Outlined FILTER_GRADIENT = lines("filterGradientLines");
  private static final Outlined ADD = new Outlined(MethodHandles.lookup(), "addLoop", 2);
  private static final Outlined PLAIN = new Outlined(MethodHandles.lookup(), "plainWindow", 6);
  private static final Outlined ZERO_TIMES = new Outlined(MethodHandles.lookup(), "zeroTimesLoop", 2);

  static final VectorTileTransforms INSTANCE = new VectorTileTransforms();

  /** Whether this class's code has been compiled. */
  static final WarmUp.Flag READY = new WarmUp.Flag(VectorTileTransforms::warm);

  private VectorTileTransforms() {}

  private static Outlined lines(String name) {
    return new Outlined(MethodHandles.lookup(), name, 6);
  }

  private static void warm() {
    try (Arena arena = Arena.ofConfined()) {
      long from = arena.allocate(POINTS * BYTES, 64).address();
      long to = arena.allocate(POINTS * BYTES, 64).address();
      long temporary = arena.allocate(TEMPORARY * BYTES, 64).address();
      float[] array = new float[POINTS * L];
      WarmUp.until(
          9000,
          () -> {
            INSTANCE.input(array, 0, L, from, WINDOW * BYTES, BYTES, temporary, 1);
            INSTANCE.filter(from, BYTES, to, BYTES, temporary, 1);
            INSTANCE.output(from, BYTES, to, TILE * BYTES, BYTES, temporary, 1);
            INSTANCE.gradient(from, TILE * BYTES, BYTES, to, BYTES, temporary, 1);
            INSTANCE.filterGradient(from, BYTES, to, BYTES, temporary, 1);
            INSTANCE.add(to, from, 4 * L);
            INSTANCE.plain(from, BYTES, BYTES, from, BYTES, to, 1);
            INSTANCE.finite(from, temporary, 4 * L);
          });
    }
  }

  @Override
  public int lanes() {
    return L;
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(S, ALL, address, ORDER);
  }

  private static void store(FloatVector v, long address) {
    v.intoMemorySegment(ALL, address, ORDER);
  }

  private static FloatVector all(float value) {
    return FloatVector.broadcast(S, value);
  }

  @Override
  public void input(
      float[] to, long at, long plane, long from, long rowStep, long columnStep, long temporary, int vectors) {
    for (int v = 0; v < vectors; v++) {
      INPUT.run(from + v * BYTES, rowStep, columnStep, temporary, WINDOW * BYTES, BYTES, WINDOW);
      INPUT_TO_ARRAY.run(to, temporary, at + v * L, plane, 0, 0, 0, WINDOW);
    }
  }

  private static void inputLines(long from, long step, long next, long to, long toStep, long toNext, int lines) {
    for (int j = 0; j < lines; j++) {
      FloatVector d1 = load(from + step);
      FloatVector d2 = load(from + 2 * step);
      FloatVector d3 = load(from + 3 * step);
      FloatVector d4 = load(from + 4 * step);
      FloatVector even = d2.fma(all(-Q2), d4);
      FloatVector odd = d1.fma(all(-Q2), d3);
      FloatVector even2 = d2.fma(all(-P2), d4);
      FloatVector odd2 = d1.fma(all(-P2), d3);
      store(load(from).fma(all(P2Q2), d2.fma(all(MINUS_SUM), d4)), to);
      store(odd.fma(all(P), even), to + toStep);
      store(odd.fma(all(-P), even), to + 2 * toStep);
      store(odd2.fma(all(Q), even2), to + 3 * toStep);
      store(odd2.fma(all(-Q), even2), to + 4 * toStep);
      store(d1.fma(all(P2Q2), d3.fma(all(MINUS_SUM), load(from + 5 * step))), to + 5 * toStep);
      from += next;
      to += toNext;
    }
  }

  private static void inputLinesToArray(Object array, long from, long first, long step, int lines) {
    float[] to = (float[]) array;
    int at = (int) first;
    int plane = (int) step;
    for (int i = 0; i < lines; i++) {
      FloatVector d1 = load(from + BYTES);
      FloatVector d2 = load(from + 2 * BYTES);
      FloatVector d3 = load(from + 3 * BYTES);
      FloatVector d4 = load(from + 4 * BYTES);
      FloatVector even = d2.fma(all(-Q2), d4);
      FloatVector odd = d1.fma(all(-Q2), d3);
      FloatVector even2 = d2.fma(all(-P2), d4);
      FloatVector odd2 = d1.fma(all(-P2), d3);
      load(from).fma(all(P2Q2), d2.fma(all(MINUS_SUM), d4)).intoArray(to, at);
      odd.fma(all(P), even).intoArray(to, at + plane);
      odd.fma(all(-P), even).intoArray(to, at + 2 * plane);
      odd2.fma(all(Q), even2).intoArray(to, at + 3 * plane);
      odd2.fma(all(-Q), even2).intoArray(to, at + 4 * plane);
      d1.fma(all(P2Q2), d3.fma(all(MINUS_SUM), load(from + 5 * BYTES))).intoArray(to, at + 5 * plane);
      from += WINDOW * BYTES;
      at += WINDOW * plane;
    }
  }

  @Override
  public void filter(long from, long step, long to, long plane, long temporary, int vectors) {
    for (int v = 0; v < vectors; v++) {
      FILTER.run(from + v * BYTES, 3 * step, step, temporary, 3 * BYTES, BYTES, 3);
      FILTER.run(temporary, BYTES, 3 * BYTES, to + v * BYTES, plane, WINDOW * plane, WINDOW);
    }
  }

  private static void filterLines(long from, long step, long next, long to, long toStep, long toNext, int lines) {
    for (int i = 0; i < lines; i++) {
      FloatVector g0 = load(from);
      FloatVector g1 = load(from + step);
      FloatVector g2 = load(from + 2 * step);
      FloatVector even = g2.fma(all(P2), g0);
      FloatVector even2 = g2.fma(all(Q2), g0);
      store(g0.mul(all(AT_0)), to);
      store(g1.fma(all(P), even).mul(all(AT_P)), to + toStep);
      store(g1.fma(all(-P), even).mul(all(AT_P)), to + 2 * toStep);
      store(g1.fma(all(Q), even2).mul(all(AT_Q)), to + 3 * toStep);
      store(g1.fma(all(-Q), even2).mul(all(AT_Q)), to + 4 * toStep);
      store(g2, to + 5 * toStep);
      from += next;
      to += toNext;
    }
  }

  @Override
  public void output(long from, long plane, long to, long rowStep, long columnStep, long temporary, int vectors) {
    for (int v = 0; v < vectors; v++) {
      OUTPUT.run(from + v * BYTES, WINDOW * plane, plane, temporary, WINDOW * BYTES, BYTES, WINDOW);
      OUTPUT.run(temporary, BYTES, WINDOW * BYTES, to + v * BYTES, columnStep, rowStep, TILE);
    }
  }

  private static void outputLines(long from, long step, long next, long to, long toStep, long toNext, int lines) {
    for (int i = 0; i < lines; i++) {
      FloatVector m1 = load(from + step);
      FloatVector m2 = load(from + 2 * step);
      FloatVector m3 = load(from + 3 * step);
      FloatVector m4 = load(from + 4 * step);
      FloatVector sum = m1.add(m2);
      FloatVector difference = m1.sub(m2);
      FloatVector sum2 = m3.add(m4);
      FloatVector difference2 = m3.sub(m4);
      store(load(from).add(sum.add(sum2)), to);
      store(difference2.fma(all(Q3), difference.fma(all(P3), load(from + 5 * step))), to + 3 * toStep);
      store(difference2.fma(all(Q), difference.mul(all(P))), to + toStep);
      store(sum2.fma(all(Q2), sum.mul(all(P2))), to + 2 * toStep);
      from += next;
      to += toNext;
    }
  }

  @Override
  public void gradient(long from, long rowStep, long columnStep, long to, long plane, long temporary, int vectors) {
    for (int v = 0; v < vectors; v++) {
      GRADIENT.run(from + v * BYTES, rowStep, columnStep, temporary, TILE * BYTES, BYTES, TILE);
      GRADIENT.run(temporary, BYTES, TILE * BYTES, to + v * BYTES, plane, WINDOW * plane, WINDOW);
    }
  }

  private static void gradientLines(long from, long step, long next, long to, long toStep, long toNext, int lines) {
    for (int i = 0; i < lines; i++) {
      FloatVector y0 = load(from);
      FloatVector y1 = load(from + step);
      FloatVector y2 = load(from + 2 * step);
      FloatVector y3 = load(from + 3 * step);
      FloatVector even = y2.fma(all(P2), y0);
      FloatVector odd = y3.fma(all(P3), y1.mul(all(P)));
      FloatVector even2 = y2.fma(all(Q2), y0);
      FloatVector odd2 = y3.fma(all(Q3), y1.mul(all(Q)));
      store(y0, to);
      store(even.add(odd), to + toStep);
      store(even.sub(odd), to + 2 * toStep);
      store(even2.add(odd2), to + 3 * toStep);
      store(even2.sub(odd2), to + 4 * toStep);
      store(y3, to + 5 * toStep);
      from += next;
      to += toNext;
    }
  }

  @Override
  public void filterGradient(long from, long plane, long to, long step, long temporary, int vectors) {
    for (int v = 0; v < vectors; v++) {
      FILTER_GRADIENT.run(from + v * BYTES, WINDOW * plane, plane, temporary, WINDOW * BYTES, BYTES, WINDOW);
      FILTER_GRADIENT.run(temporary, BYTES, WINDOW * BYTES, to + v * BYTES, step, 3 * step, 3);
    }
  }

  private static void filterGradientLines(
      long from, long step, long next, long to, long toStep, long toNext, int lines) {
    for (int i = 0; i < lines; i++) {
      FloatVector s1 = load(from + step);
      FloatVector s2 = load(from + 2 * step);
      FloatVector s3 = load(from + 3 * step);
      FloatVector s4 = load(from + 4 * step);
      FloatVector sum = s1.add(s2);
      FloatVector difference = s1.sub(s2);
      FloatVector sum2 = s3.add(s4);
      FloatVector difference2 = s3.sub(s4);
      store(sum.fma(all(AT_P2), sum2.fma(all(AT_Q2), load(from + 5 * step))), to + 2 * toStep);
      store(load(from).fma(all(AT_0), sum.fma(all(AT_P), sum2.mul(all(AT_Q)))), to);
      store(difference.fma(all(AT_P1), difference2.mul(all(AT_Q1))), to + toStep);
      from += next;
      to += toNext;
    }
  }

  @Override
  public void add(long to, long from, int n) {
    ADD.run(to, from, n);
  }

  private static void addLoop(long to, long from, int n) {
    for (int i = 0; i < n; i += L) {
      store(load(to + 4L * i).add(load(from + 4L * i)), to + 4L * i);
    }
  }

  @Override
  public void plain(long from, long rowStep, long columnStep, long filters, long step, long to, int channels) {
    PLAIN.run(from, rowStep, columnStep, filters, step, to, channels);
  }

  private static void plainWindow(
      long from, long rowStep, long columnStep, long filters, long step, long to, int channels) {
    FloatVector sum = load(to);
    for (int c = 0; c < channels; c++) {
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          float x = Memory.getFloat(from + i * rowStep + j * columnStep + 4L * c);
          sum = all(x).fma(load(filters), sum);
          filters += step;
        }
      }
    }
    store(sum, to);
  }

  @Override
  public boolean finite(long from, long temporary, int n) {
    ZERO_TIMES.run(from, temporary, n);
    float sum = 0;
    for (int i = 0; i < L; i++) {
      sum += Memory.getFloat(temporary + 4L * i);
    }
    return sum == 0;
  }

  /** Lanes of 0, but NaN where one of the elements is not finite. */
  private static void zeroTimesLoop(long from, long to, int n) {
    FloatVector sum = FloatVector.zero(S);
    for (int i = 0; i < n; i += L) {
      sum = load(from + 4L * i).mul(0).add(sum);
    }
    store(sum, to);
  }
}
