package org.lathe.compiler.pass;

import org.lathe.compiler.ir.Graph;

/** A rewriting of a graph that keeps its meaning: same inputs, same output types, same values. */
public interface Pass {
  /** Short and unique; shown by {@code inspect --passes}. */
  String name();

  /** The rewritten graph, or {@code graph} itself if there was nothing to do. */
  Graph apply(Graph graph);
}
