package org.lathe.backends.cpu;

import java.util.concurrent.ConcurrentHashMap;
import org.lathe.hal.DType;

/** Micro-kernels by shape, one of each in the process, in the form that the machine and its flags allow. */
final class MicroKernels {
  private static final ConcurrentHashMap<MicroShape, MicroKernel> VECTOR = new ConcurrentHashMap<>();

  private MicroKernels() {}

  /** The vector or the scalar form of {@code shape}. */
  static MicroKernel get(MicroShape shape, boolean vector) {
    return vector
        ? VECTOR.computeIfAbsent(shape, WarmUp.ENABLED ? WarmingMicroKernel::new : VectorMicroKernels::build)
        : new ScalarMicroKernel(shape, ScalarMicroKernel.LANES);
  }

  /** The columns of one vector. */
  static int lanes(DType type, boolean vector) {
    return vector ? VectorMicroKernels.lanes(type) : ScalarMicroKernel.LANES;
  }

  /** How many vectors of accumulators fit into the registers, beside what feeds them. */
  static int accumulators(boolean vector) {
    if (!vector) {
      return 8;
    }
    // x86 has 32 vector registers with AVX-512 and 16 without; AArch64 always has 32.
    boolean few = System.getProperty("os.arch").equals("amd64") && VectorMicroKernels.lanes(DType.F32) < 16;
    return few ? 12 : 24;
  }
}
