package org.lathe.backends.opencl;

import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.hal.device.ExecutableCache;

/**
 * How a device is used. Tests choose other options than devices have by nature.
 *
 * @param memory how the host reaches its memory; a wish, where {@link MemoryModel#SHARED} has to be proved first
 * @param budget what may be allocated, in bytes
 * @param cache where compiled programs are kept
 */
record Options(MemoryModel memory, long budget, ExecutableCache cache) {

  /** What suits the device. */
  static Options of(DeviceProperties p) {
    MemoryModel memory = !p.unified()
        ? MemoryModel.STAGED
        : p.kind() == DeviceProperties.Kind.CPU ? MemoryModel.SHARED : MemoryModel.MAPPED;
    return new Options(memory, p.memoryBytes(), ExecutableCache.shared());
  }

  Options with(MemoryModel other) {
    return new Options(other, budget, cache);
  }

  Options withBudget(long other) {
    return new Options(memory, other, cache);
  }

  Options with(ExecutableCache other) {
    return new Options(memory, budget, other);
  }
}
