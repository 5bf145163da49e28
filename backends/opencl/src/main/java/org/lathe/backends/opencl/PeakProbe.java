package org.lathe.backends.opencl;

import org.lathe.backends.opencl.cl.ClKernel;
import org.lathe.backends.opencl.cl.ClProgram;
import org.lathe.backends.opencl.cl.ClQueue;
import org.lathe.backends.opencl.cl.DeviceProperties;
import org.lathe.hal.device.Peaks;

/** Measures what a device can reach: multiply-adds from registers, and a copy larger than the caches. */
final class PeakProbe {
  private static final int CHAINS = 12;
  /** Many and short: some of them run while nothing else does. */
  private static final int ROUNDS = 60;
  private static final double ROUND_SECONDS = 0.004;
  /** One way; a GPU's last-level cache is larger than a CPU's, and so is its memory. */
  private static final long CPU_BYTES = 64L << 20;
  private static final long GPU_BYTES = 256L << 20;

  private final Session session;
  private final OpenClAllocator allocator;
  private final boolean cpu;
  private final int lanes;
  private final long[] local;
  private final long[] global;

  private PeakProbe(Session session, OpenClAllocator allocator, DeviceProperties p) {
    this.session = session;
    this.allocator = allocator;
    this.cpu = p.kind() == DeviceProperties.Kind.CPU;
    this.lanes = cpu ? Math.min(16, Integer.highestOneBit(p.floatLanes())) : 1;
    int group = cpu ? 1 : Math.min(256, p.maxGroup());
    this.local = new long[]{group, 1, 1};
    this.global = new long[]{(long) group * p.computeUnits() * (cpu ? 4 : 32), 1, 1};
  }

  /** The best of a few rounds. Takes about a second, and memory of twice 64 or 256 MiB. */
  static Peaks measure(Session session, OpenClAllocator allocator) {
    PeakProbe probe = new PeakProbe(session, allocator, session.context().device().properties());
    try (ClQueue queue = session.context().queue(false);
        ClProgram program = session.context().build(probe.source(), "-cl-std=CL1.2 -w")) {
      return new Peaks(probe.gflops(queue, program), probe.bytesPerSecond(queue, program));
    }
  }

  private String source() {
    String type = lanes == 1 ? "float" : "float" + lanes;
    StringBuilder chains = new StringBuilder();
    StringBuilder steps = new StringBuilder();
    StringBuilder sum = new StringBuilder();
    for (int i = 0; i < CHAINS; i++) {
      chains.append("  ").append(type).append(" x").append(i).append(" = (").append(type)
          .append(")(get_global_id(0) + ").append(i).append(");\n");
      steps.append("    x").append(i).append(" = fma(x").append(i).append(", m, a);\n");
      sum.append(i == 0 ? "" : " + ").append('x').append(i);
    }
    String group = "__kernel __attribute__((reqd_work_group_size(" + local[0] + ", 1, 1)))\n";
    return group + "void lathe_peak(__global " + type + "* out, const long at, const long steps) {\n"
        + "  const " + type + " m = (" + type + ")(0.999f);\n"
        + "  const " + type + " a = (" + type + ")(0.5f);\n"
        + chains
        + "  for (long s = 0; s < steps; s++) {\n" + steps + "  }\n"
        + "  out[at + get_global_id(0)] = " + sum + ";\n"
        + "}\n\n"
        + group + "void lathe_copy(__global const float4* restrict source, const long from_offset,\n"
        + "    __global float4* restrict target, const long to_offset, const long n) {\n"
        + "  __global const float4* from = source + from_offset;\n"
        + "  __global float4* to = target + to_offset;\n"
        + (cpu
            ? "  const long part = n / get_global_size(0);\n"
                + "  const long begin = get_global_id(0) * part;\n"
                + "  for (long i = begin; i < begin + part; i += 4) {\n"
                + "    vstore16(vload16(0, (__global const float*)(from + i)), 0, (__global float*)(to + i));\n"
                + "  }\n"
            : "  for (long i = get_global_id(0); i < n; i += get_global_size(0)) {\n"
                + "    to[i] = from[i];\n"
                + "  }\n")
        + "}\n";
  }

  private interface Launch {
    void run();
  }

  private static double seconds(ClQueue queue, Launch launch) {
    long start = System.nanoTime();
    launch.run();
    queue.finish();
    return (System.nanoTime() - start) * 1e-9;
  }

  private double gflops(ClQueue queue, ClProgram program) {
    try (OpenClBuffer out = allocator.allocate(4L * lanes * global[0]);
        ClKernel kernel = program.kernel("lathe_peak")) {
      kernel.over(global, local);
      kernel.set(0, out.memory());
      kernel.set(1, out.base() / (4L * lanes));
      long steps = 500;
      double time = 0;
      // The first launch of a kernel compiles it on some devices.
      kernel.set(2, 1L);
      seconds(queue, () -> queue.run(kernel));
      while (time < ROUND_SECONDS) {
        steps *= 2;
        kernel.set(2, steps);
        time = seconds(queue, () -> queue.run(kernel));
      }
      for (int round = 0; round < ROUNDS; round++) {
        time = Math.min(time, seconds(queue, () -> queue.run(kernel)));
      }
      return 2.0 * CHAINS * lanes * global[0] * steps / time / 1e9;
    }
  }

  private double bytesPerSecond(ClQueue queue, ClProgram program) {
    long unit = 64 * global[0];
    long most = Math.min(cpu ? CPU_BYTES : GPU_BYTES, Math.min(session.largestAllocation(), allocator.freeBytes() / 4));
    long bytes = Math.max(1, most / unit) * unit;
    try (OpenClBuffer from = allocator.allocate(bytes);
        OpenClBuffer to = allocator.allocate(bytes);
        ClKernel kernel = program.kernel("lathe_copy")) {
      kernel.over(global, local);
      kernel.set(0, from.memory());
      kernel.set(1, from.base() / 16);
      kernel.set(2, to.memory());
      kernel.set(3, to.base() / 16);
      kernel.set(4, bytes / 16);
      double time = Double.POSITIVE_INFINITY;
      for (int round = 0; round < ROUNDS / 2; round++) {
        time = Math.min(time, seconds(queue, () -> queue.run(kernel)));
        time = Math.min(time,
            seconds(queue, () -> queue.copy(from.memory(), from.base(), to.memory(), to.base(), bytes)));
      }
      return 2.0 * bytes / time;
    }
  }
}
