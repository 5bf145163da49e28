package org.lathe.backends.simt.pipeline;

import java.util.List;
import java.util.Set;

/**
 * What to expect of one launch of a kernel of a single work item, by a model of the compilers for FPGAs, not by one of
 * them.
 *
 * @param loops in the order of the source
 * @param onChipBytes memory blocks, with the copies that more readers at once need
 * @param registerBytes arrays that are touched only at places known when compiling
 * @param loads and stores of global memory, in bytes, each execution counted
 * @param cycles from start to end
 * @param independent the counters of loops no iteration of which reads what another wrote to memory
 * @param notes what a reader should know: loops that could not be unrolled, and the like
 */
public record KernelPipeline(
    String kernel,
    List<LoopPipeline> loops,
    long onChipBytes,
    long registerBytes,
    double bytesRead,
    double bytesWritten,
    double cycles,
    Set<String> independent,
    List<String> notes) {
  public KernelPipeline {
    loops = List.copyOf(loops);
    independent = Set.copyOf(independent);
    notes = List.copyOf(notes);
  }
}
