package org.lathe.compiler.lower;

import org.lathe.hal.Dims;

/**
 * A part of a storage.
 *
 * @param offset in bytes
 * @param loopSteps by how many bytes it moves in each iteration of the enclosing loops, outermost first
 */
record Region(Storage storage, long offset, long bytes, Dims loopSteps) {
  static Region of(Storage storage) {
    return new Region(storage, 0, storage.bytes(), Dims.of());
  }

  Region part(long from, long length) {
    return from == 0 && length == bytes ? this : new Region(storage, offset + from, length, loopSteps);
  }

  /** The part for iteration 0 of a loop inside of {@code depth} others, moving by {@code step} bytes. */
  Region stepping(long from, long length, int depth, long step) {
    Dims steps = loopSteps.append(Dims.filled(depth - loopSteps.rank(), 0)).append(Dims.of(step));
    return new Region(storage, offset + from, length, steps);
  }
}
