package org.lathe.backends.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Packing with vectors. */
final class VectorPacking {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int BYTES = S.vectorByteSize();
  private static final int LANES = S.length();

  private VectorPacking() {}

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
}
