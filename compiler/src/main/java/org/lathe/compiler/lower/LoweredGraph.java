package org.lathe.compiler.lower;

import java.util.List;
import org.lathe.compiler.ir.Graph;
import org.lathe.hal.program.Program;

/**
 * A program and how a caller binds it.
 *
 * <p>The program's bound declarations are, in order: one for each graph input ({@code INPUT}, or {@code STATE} if it is
 * donated), then one for each graph output that does not live in a donated input ({@code OUTPUT}).
 *
 * @param graph what was lowered, after all passes
 * @param donations which outputs live in which inputs' buffers
 * @param peakLiveBytes the largest number of bytes of temporaries that are alive at once
 */
public record LoweredGraph(Graph graph, Program program, List<Donation> donations, long peakLiveBytes) {
  public LoweredGraph {
    donations = List.copyOf(donations);
  }
}
