package org.lathe.backends.cpu;

import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Packing with vectors. */
final class VectorPacking {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int BYTES = S.vectorByteSize();
  static final int LANES = S.length();

  /** Whether this class's code has been compiled. */
  static final WarmUp.Flag READY = new WarmUp.Flag(VectorPacking::warm);

  private VectorPacking() {}

  private static void warm() {
    try (Arena arena = Arena.ofConfined()) {
      int k = 8;
      long from = arena.allocate(4096, 64).address();
      long to = arena.allocate(4096, 64).address();
      float[] array = new float[LANES * k];
      WarmUp.until(
          2000,
          () -> {
            rows(from, 4, k, 2 * LANES + 1, to, 4);
            panels(from, 4, k, 2, LANES, to);
            gather(from, from, k, 4, to, 4);
            gather(from, from, k, 8, to, 4);
            gather(from, from, k, 2 * LANES + 1, to, 4);
            sideBySide(from, 4, k, array, 0);
          });
    }
  }

  /** Copies {@code k} rows of {@code columns} floats. Steps are in bytes. */
  static void rows(long from, long fromStep, int k, int columns, long to, long toStep) {
    int whole = columns / LANES * LANES;
    for (int i = 0; i < k; i++) {
      for (int j = 0; j < whole; j += LANES) {
        FloatVector.fromMemorySegment(S, Memory.ALL, from + 4L * j, Memory.ORDER)
            .intoMemorySegment(Memory.ALL, to + 4L * j, Memory.ORDER);
      }
      for (int j = whole; j < columns; j++) {
        Memory.putFloat(to + 4L * j, Memory.getFloat(from + 4L * j));
      }
      from += fromStep;
      to += toStep;
    }
  }

  /**
   * Copies {@code k} rows of {@code count} times {@code panel} floats to as many panels, one behind the other. Rows are read
   * from end to end: in steps of a page, parts of them would be fetched anew for each panel.
   *
   * @param panel whole vectors
   */
  static void panels(long from, long fromStep, int k, int count, int panel, long to) {
    long step = 4L * panel * k;
    for (int i = 0; i < k; i++) {
      long source = from;
      long target = to;
      for (int p = 0; p < count; p++) {
        for (int j = 0; j < panel; j += LANES) {
          FloatVector.fromMemorySegment(S, Memory.ALL, source + 4L * j, Memory.ORDER)
              .intoMemorySegment(Memory.ALL, target + 4L * j, Memory.ORDER);
        }
        source += 4L * panel;
        target += step;
      }
      from += fromStep;
      to += 4L * panel;
    }
  }

  /**
   * Copies a run of {@code n} floats from {@code from} plus each of {@code k} offsets.
   *
   * @param table the address of the offsets
   */
  static void gather(long from, long table, int k, int n, long to, long toStep) {
    switch (n) {
      case 4 -> gather4(from, table, k, to, toStep);
      case 8 -> gather8(from, table, k, to, toStep);
      default -> {
        int whole = n / LANES * LANES;
        for (int i = 0; i < k; i++) {
          long source = from + Memory.getLong(table + 8L * i);
          for (int j = 0; j < whole; j += LANES) {
            FloatVector.fromMemorySegment(S, Memory.ALL, source + 4L * j, Memory.ORDER)
                .intoMemorySegment(Memory.ALL, to + 4L * j, Memory.ORDER);
          }
          for (int j = whole; j < n; j++) {
            Memory.putFloat(to + 4L * j, Memory.getFloat(source + 4L * j));
          }
          to += toStep;
        }
      }
    }
  }

  /** Copies a vector of floats for each k. The step is in bytes. */
  static void sideBySide(long from, long step, int k, float[] array, int at) {
    for (int i = 0; i < k; i++) {
      FloatVector.fromMemorySegment(S, Memory.ALL, from, Memory.ORDER).intoArray(array, at);
      from += step;
      at += LANES;
    }
  }

  private static void gather4(long from, long table, int k, long to, long toStep) {
    for (int i = 0; i < k; i++) {
      fourFloats(from + Memory.getLong(table + 8L * i), to);
      to += toStep;
    }
  }

  private static void gather8(long from, long table, int k, long to, long toStep) {
    for (int i = 0; i < k; i++) {
      long source = from + Memory.getLong(table + 8L * i);
      fourFloats(source, to);
      fourFloats(source + 16, to + 16);
      to += toStep;
    }
  }

  private static void fourFloats(long from, long to) {
    Memory.putLong(to, Memory.getLong(from));
    Memory.putLong(to + 8, Memory.getLong(from + 8));
  }
}
