package org.lathe.backends.opencl;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.hal.device.ExecutableCache;

/**
 * How a device is used. Tests choose other options than devices have by nature.
 *
 * @param memory how the host reaches its memory; a wish, where {@link MemoryModel#SHARED} has to be proved first
 * @param budget what may be allocated, in bytes
 * @param cache where compiled programs are kept
 * @param keepsBinaries whether programs are kept in {@code cache}, rather than left to the driver's own cache
 * @param prebuilt what takes the place of a compiler, or null
 */
record Options(
    MemoryModel memory, long budget, ExecutableCache cache, boolean keepsBinaries, @Nullable Binaries prebuilt) {
  /**
   * PoCL answers the question for a program's binary by compiling each kernel once more, for groups of any size: 60 ms a
   * kernel, where it took 5 to build and 45 at the first launch (3.1, measured). Its own cache, by contrast, also has what
   * the first launches compiled.
   */
  private static final String POCL = "Portable Computing Language";

  /** What suits the device. */
  static Options of(DeviceProperties p) {
    MemoryModel memory = !p.unified()
        ? MemoryModel.STAGED
        : p.kind() == DeviceProperties.Kind.CPU ? MemoryModel.SHARED : MemoryModel.MAPPED;
    return new Options(memory, p.memoryBytes(), ExecutableCache.shared(), !p.platform().equals(POCL), null);
  }

  Options with(MemoryModel other) {
    return new Options(other, budget, cache, keepsBinaries, prebuilt);
  }

  Options withBudget(long other) {
    return new Options(memory, other, cache, keepsBinaries, prebuilt);
  }

  /** Keeps programs in {@code other}, whatever the driver does by itself. */
  Options with(ExecutableCache other) {
    return new Options(memory, budget, other, true, prebuilt);
  }

  /** Runs nothing but these. */
  Options with(Binaries binaries) {
    return new Options(memory, budget, cache, keepsBinaries, binaries);
  }
}
