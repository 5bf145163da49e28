package org.lathe.backends.opencl;

import org.jspecify.annotations.Nullable;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.backends.simt.plan.Traits;
import org.lathe.hal.device.ExecutableCache;

/**
 * How a device is used: by what it is, and by what its driver does well. Tests choose other options.
 *
 * @param form which kind of kernels it gets
 * @param memory how the host reaches its memory; a wish, where {@link MemoryModel#SHARED} has to be proved first
 * @param budget what may be allocated, in bytes
 * @param isolates whether each buffer is memory of its own, of exactly its size, and written before it is handed out: what
 *     a simulator needs to tell good accesses from bad
 * @param compiler options of the driver's compiler; nothing that trades accuracy, so that NaN tests and sums mean what they
 *     say
 * @param cache where compiled programs are kept
 * @param keepsBinaries whether programs are kept in {@code cache}, rather than left to the driver's own cache
 * @param prebuilt what takes the place of a compiler, or null
 */
record Options(
    Traits.Form form,
    MemoryModel memory,
    long budget,
    boolean isolates,
    String compiler,
    ExecutableCache cache,
    boolean keepsBinaries,
    @Nullable Binaries prebuilt) {
  /**
   * PoCL answers the question for a program's binary by compiling each kernel once more, for groups of any size: 60 ms a
   * kernel, where it took 5 to build and 45 at the first launch (3.1, measured). Its own cache, by contrast, also has what
   * the first launches compiled.
   */
  private static final String POCL = "Portable Computing Language";
  /**
   * A simulator that reports accesses beyond a piece of memory, and reads of what was never written. For these it does not
   * know all that its optimiser makes of a kernel (the instruction {@code freeze}), nor what kernels write to memory that
   * the host has not written before (21.10).
   */
  private static final String OCLGRIND = "Oclgrind";
  private static final String COMPILER = "-cl-std=CL1.2 -w";

  /** What suits the device. */
  static Options of(DeviceProperties p) {
    Traits.Form form = switch (p.kind()) {
      case GPU -> Traits.Form.GPU;
      case CPU -> Traits.Form.CPU;
      case ACCELERATOR -> Traits.Form.PIPELINE;
    };
    MemoryModel memory = !p.unified()
        ? MemoryModel.STAGED
        : p.kind() == DeviceProperties.Kind.CPU ? MemoryModel.SHARED : MemoryModel.MAPPED;
    boolean oclgrind = p.platform().equals(OCLGRIND);
    return new Options(
        form,
        memory,
        p.memoryBytes(),
        oclgrind,
        oclgrind ? COMPILER + " -cl-opt-disable" : COMPILER,
        ExecutableCache.shared(),
        !p.platform().equals(POCL),
        null);
  }

  Options with(Traits.Form other) {
    return new Options(other, memory, budget, isolates, compiler, cache, keepsBinaries, prebuilt);
  }

  Options with(MemoryModel other) {
    return new Options(form, other, budget, isolates, compiler, cache, keepsBinaries, prebuilt);
  }

  Options withBudget(long other) {
    return new Options(form, memory, other, isolates, compiler, cache, keepsBinaries, prebuilt);
  }

  /** Keeps programs in {@code other}, whatever the driver does by itself. */
  Options with(ExecutableCache other) {
    return new Options(form, memory, budget, isolates, compiler, other, true, prebuilt);
  }

  /** Runs nothing but these. */
  Options with(Binaries binaries) {
    return new Options(form, memory, budget, isolates, compiler, cache, keepsBinaries, binaries);
  }
}
