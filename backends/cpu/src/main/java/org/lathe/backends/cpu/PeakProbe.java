package org.lathe.backends.cpu;

import org.lathe.hal.device.HostAllocator;
import org.lathe.hal.device.HostBuffer;
import org.lathe.hal.device.Peaks;

/** Measures what the machine can reach: multiply-adds from registers, and a copy larger than the caches. */
final class PeakProbe {
  private static final long COPY_BYTES = 64L << 20;
  private static final int CHAINS = 12;
  private static final int ROUNDS = 7;

  private PeakProbe() {}

  /** The peaks of all threads together; the best of a few rounds. */
  static Peaks measure(ThreadTeam team) {
    while (!team.enter() && team.size() > 1) {
      Thread.onSpinWait();
    }
    try {
      return new Peaks(gflops(team, team.size()), bytesPerSecond(team));
    } finally {
      team.leave();
    }
  }

  /** f32 operations in 1e9 a second that {@code workers} threads reach. The caller holds the team. */
  static double gflops(ThreadTeam team, int workers) {
    long steps = 2_000_000;
    MultiplyAdds loop = Simd.PRESENT ? new VectorMultiplyAdds() : new ScalarMultiplyAdds();
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
      double seconds = seconds(team, workers, worker -> loop.run(steps));
      best = Math.max(best, 2.0 * CHAINS * loop.lanes() * steps * workers / seconds / 1e9);
    }
    return best;
  }

  private static double bytesPerSecond(ThreadTeam team) {
    int workers = team.size();
    try (HostBuffer memory = new HostAllocator(Long.MAX_VALUE).allocate(2 * COPY_BYTES)) {
      // Pages that nobody has written are all one page of zeros, which stays in the cache.
      Memory.fill(memory.address(), 2 * COPY_BYTES, (byte) 1);
      double best = 0;
      long share = COPY_BYTES / workers;
      for (int round = 0; round < ROUNDS; round++) {
        double seconds = seconds(
            team,
            workers,
            worker -> {
              long from = memory.address() + worker * share;
              Memory.copy(from, from + COPY_BYTES, share);
              return 0;
            });
        best = Math.max(best, 2.0 * share * workers / seconds);
      }
      return best;
    }
  }

  private interface Work {
    float run(int worker);
  }

  private static double seconds(ThreadTeam team, int workers, Work work) {
    float[][] results = new float[workers][32];
    Kernel kernel = new Kernel() {
      @Override
      public void part(long[] operands, Run run, int worker, int workers) {
        results[worker][16] = work.run(worker);
      }

      @Override
      public int workers(int most) {
        return most;
      }

      @Override
      public String variant() {
        return "probe";
      }
    };
    TeamRun run = new TeamRun(team, workers, 0, 0, 0, 0);
    long start = System.nanoTime();
    if (workers == 1) {
      run.alone(kernel, new long[0]);
    } else {
      team.run(kernel, new long[0], run, workers);
    }
    return (System.nanoTime() - start) * 1e-9;
  }

  private interface MultiplyAdds {
    int lanes();

    /** Each step is {@link #CHAINS} independent multiply-adds of {@link #lanes}. */
    float run(long steps);
  }

  private static final class VectorMultiplyAdds implements MultiplyAdds {
    @Override
    public int lanes() {
      return jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.length();
    }

    @Override
    public float run(long steps) {
      return VectorPeak.run(steps);
    }
  }

  /** A form that the JIT compiler vectorises by itself. */
  private static final class ScalarMultiplyAdds implements MultiplyAdds {
    private static final int LANES = 16;

    @Override
    public int lanes() {
      return LANES;
    }

    @Override
    public float run(long steps) {
      float[] a = new float[CHAINS * LANES];
      float[] b = new float[CHAINS * LANES];
      for (int i = 0; i < b.length; i++) {
        b[i] = 1 + i * 1e-9f;
      }
      for (long s = 0; s < steps; s++) {
        for (int i = 0; i < a.length; i++) {
          a[i] = a[i] * b[i] + 0.5f;
        }
      }
      float sum = 0;
      for (float x : a) {
        sum += x;
      }
      return sum;
    }
  }
}
