package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies lines of images, or every second element of them, into padded lines, with vectors: the padding comes from the
 * loads' masks.
 */
final class VectorPlanes {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length();

  /** How many elements behind the last line may be overwritten. */
  static final int SLACK = L;

  private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(S, i -> 2 * i % L);
  private static final VectorMask<Float> UPPER = VectorMask.fromLong(S, -1L << L / 2);
  private static final long EVEN_LANES = 0x5555_5555_5555_5555L;

  private static final Outlined LINES = new Outlined(MethodHandles.lookup(), "linesLoop", 6);
  private static final Outlined SECONDS = new Outlined(MethodHandles.lookup(), "secondsLoop", 6);
  private static final Outlined LINES_TO_ARRAY = Outlined.withArray(MethodHandles.lookup(), "linesToArrayLoop", 6);

  private static final WarmUp.Flag COMPILED = new WarmUp.Flag(VectorPlanes::warm);

  private VectorPlanes() {}

  /**
   * Whether it may be used by now. Never where vectors are so short that the processor has no masked loads: there Java
   * reads whole vectors, and so beside the lines.
   */
  static boolean ready() {
    return L >= 8 && COMPILED.now();
  }

  private static void warm() {
    try (Arena arena = Arena.ofConfined()) {
      int width = 2 * L;
      long from = arena.allocate(8L * width, 64).address();
      long to = arena.allocate(8L * width + 4 * SLACK, 64).address();
      float[] array = new float[2 * width + SLACK];
      WarmUp.until(800, () -> {
        lines(from, 4L * width, array, 0, width, 1, width - 2, 2);
        lines(from, 4L * width, to, width, 1, width - 2, 2);
        seconds(from, 4L * width, to, width, 1, width / 2 - 1, 2);
      });
    }
  }

  /**
   * Copies {@code n} elements of each of some lines to places {@code first} and on of padded lines; zeros elsewhere.
   *
   * @param from the first line's first element
   * @param step from a line to the next, in bytes
   * @param at where the first padded line begins
   * @param width of the padded lines, which follow each other
   */
  static void lines(long from, long step, float[] to, int at, int width, int first, int n, int lines) {
    LINES_TO_ARRAY.run(to, from, step, at, width, first, n, lines);
  }

  /** The same to lines at the address {@code to}. */
  static void lines(long from, long step, long to, int width, int first, int n, int lines) {
    LINES.run(from, step, to, width, first, n, lines);
  }

  /** The same of every second element. */
  static void seconds(long from, long step, long to, int width, int first, int n, int lines) {
    SECONDS.run(from, step, to, width, first, n, lines);
  }

  private static void linesToArrayLoop(
      Object array, long from, long step, long at, long width, long first, long n, int lines) {
    float[] to = (float[]) array;
    int place = (int) at;
    int w = (int) width;
    int begin = (int) first;
    int end = begin + (int) n;
    for (int y = 0; y < lines; y++) {
      for (int j = 0; j < w; j += L) {
        VectorMask<Float> some = VectorMask.fromLong(S, upTo(end - j) & ~upTo(begin - j));
        FloatVector.fromMemorySegment(S, Memory.ALL, from + 4L * (j - begin), Memory.ORDER, some).intoArray(to,
            place + j);
      }
      place += w;
      from += step;
    }
  }

  private static void linesLoop(
      long from, long step, long to, long width, long first, long n, int lines) {
    int w = (int) width;
    int begin = (int) first;
    int end = begin + (int) n;
    if (w <= L) {
      VectorMask<Float> some = VectorMask.fromLong(S, upTo(end) & ~upTo(begin));
      for (int y = 0; y < lines; y++) {
        FloatVector.fromMemorySegment(S, Memory.ALL, from - 4L * begin, Memory.ORDER, some)
            .intoMemorySegment(Memory.ALL, to, Memory.ORDER);
        to += 4L * w;
        from += step;
      }
      return;
    }
    for (int y = 0; y < lines; y++) {
      for (int j = 0; j < w; j += L) {
        VectorMask<Float> some = VectorMask.fromLong(S, upTo(end - j) & ~upTo(begin - j));
        FloatVector.fromMemorySegment(S, Memory.ALL, from + 4L * (j - begin), Memory.ORDER, some)
            .intoMemorySegment(Memory.ALL, to + 4L * j, Memory.ORDER);
      }
      to += 4L * w;
      from += step;
    }
  }

  private static void secondsLoop(
      long from, long step, long to, long width, long first, long n, int lines) {
    int w = (int) width;
    int begin = (int) first;
    int end = begin + (int) n;
    for (int y = 0; y < lines; y++) {
      for (int j = 0; j < w; j += L) {
        int after = 2 * (end - j);
        int before = 2 * (begin - j);
        VectorMask<Float> low = VectorMask.fromLong(S, EVEN_LANES & upTo(after) & ~upTo(before));
        VectorMask<Float> high = VectorMask.fromLong(S, EVEN_LANES & upTo(after - L) & ~upTo(before - L));
        long at = from + 8L * (j - begin);
        FloatVector a = FloatVector.fromMemorySegment(S, Memory.ALL, at, Memory.ORDER, low);
        FloatVector b = FloatVector.fromMemorySegment(S, Memory.ALL, at + 4L * L, Memory.ORDER, high);
        a.rearrange(EVEN).blend(b.rearrange(EVEN), UPPER).intoMemorySegment(Memory.ALL, to + 4L * j, Memory.ORDER);
      }
      to += 4L * w;
      from += step;
    }
  }

  /** The lanes of the first {@code n} elements; none where it is negative, all where it is a vector or more. */
  static VectorMask<Float> first(int n) {
    return VectorMask.fromLong(S, upTo(n));
  }

  /** The lowest {@code n} bits of those of a mask; none where it is negative. */
  private static long upTo(int n) {
    return (1L << Math.clamp(n, 0, L)) - 1;
  }
}
