package org.lathe.models.bench;

import java.util.List;
import org.lathe.compiler.runtime.Compilation;
import org.lathe.compiler.runtime.Lathe;
import org.lathe.hal.device.CommandBuffer.KernelTiming;

/**
 * One row of a benchmark: work of a known size that any device can be timed on.
 *
 * @param id as in the table of workloads
 * @param flops of one step; a multiply-add counts as two, only products, convolutions and recurrences count in rows that
 *     have them
 * @param inSuite whether it is one of the short suite's rows
 */
public record Workload(String id, long flops, boolean inSuite, Setup setup) {

  /** Makes a row ready to run on a device. */
  @FunctionalInterface
  public interface Setup {
    /**
     * Compiles the work and fills its inputs with random values.
     *
     * @param seed of the inputs
     */
    Ready prepare(Lathe lathe, long seed);
  }

  /** Work that is ready to run again and again. Belongs to one thread. */
  public interface Ready extends AutoCloseable {
    /** One step, complete when it returns. */
    void run();

    /** What was compiled for a step, in the order in which it runs. */
    List<Compilation> compilations();

    /** Runs one step and says when each kernel ran, for each of {@link #compilations()}. Slower than {@link #run}. */
    List<List<KernelTiming>> profile();

    @Override
    void close();
  }
}
