package org.lathe.backends.aparapi;

import org.lathe.hal.Dims;

/** A kernel that is ready to run. One thread at a time holds its lock. */
interface Executable extends AutoCloseable {
  /**
   * Runs the kernel over a range and waits for its end.
   *
   * @param arenas the distinct arrays; none where memory is outside of the heap
   * @param numbers for each parameter of the kernel: of memory the offset in elements within its array, or the address;
   *     else the scalar
   * @throws org.lathe.hal.device.DeviceLost if Aparapi could not run it where it was sent
   */
  void run(byte[][] arenas, long[] numbers, Dims global);

  @Override
  void close();
}
