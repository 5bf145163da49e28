package org.lathe.backends.cpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.hal.spec.Attention;
import org.lathe.hal.spec.KernelSpec;
import org.lathe.hal.spec.Operand;
import org.lathe.hal.spec.Recurrence;
import org.lathe.hal.spec.View;

/** A kernel that allocates has boxed its vectors, and is many times slower than it should be. */
class SequenceAllocationTest {
  private static final long PATIENCE_NS = 30_000_000_000L;
  private static final int RUNS = 20;

  private static List<KernelSpec> specs() {
    List<KernelSpec> specs = new ArrayList<>();
    for (Recurrence.Cell cell : Recurrence.Cell.values()) {
      for (Recurrence.Form form : Recurrence.Form.values()) {
        specs.add(new Recurrence(cell, form, DType.F32, 2, 7, 40, false));
      }
    }
    View view = View.dense(DType.F32, Dims.of(1, 4, 70, 20));
    View bias = View.of(DType.F32, 0, 0, 0, 1);
    for (Attention.Form form : Attention.Form.values()) {
      for (boolean causal : new boolean[]{false, true}) {
        specs.add(new Attention(form, 1, 4, 70, 70, 20, 20, causal, 0.2, view, view, view, bias, view));
      }
    }
    return specs;
  }

  /**
   * Whether C2 keeps a few boxes at the edge of a loop depends on when it compiles what; a loop that boxes its vectors
   * allocates many times this. That steady runs allocate nothing at all is for JMH's gc profiler to show.
   */
  private static final long MOST_BYTES_PER_RUN = 4096;

  /** C2 compiles in the background: runs until a batch allocates next to nothing, and fails if that never comes. */
  @Test
  void steadyRunsBoxNoVectors() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().threadId();
    for (KernelSpec spec : specs()) {
      Kernel kernel = spec instanceof Recurrence r ? RecurrenceKernel.of(r) : AttentionKernel.of((Attention) spec);
      double[][] inputs = new double[spec.inputs().size()][];
      for (int i = 0; i < inputs.length; i++) {
        Operand operand = spec.inputs().get(i);
        inputs[i] = SequenceRun.random(new Random(i), operand.elements(), 0.5);
      }
      try (SequenceRun run = new SequenceRun(spec, kernel, 1, inputs)) {
        long allocated = Long.MAX_VALUE;
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (allocated > MOST_BYTES_PER_RUN * RUNS && System.nanoTime() < deadline) {
          long before = threads.getThreadAllocatedBytes(thread);
          for (int i = 0; i < RUNS; i++) {
            run.run();
          }
          allocated = threads.getThreadAllocatedBytes(thread) - before;
        }
        assertTrue(allocated <= MOST_BYTES_PER_RUN * RUNS,
            spec + " allocated " + allocated + " bytes in " + RUNS + " runs");
      }
    }
  }
}
