package org.lathe.compiler.pass;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;

/** Drops the nodes that no output needs. Inputs stay: they are the graph's signature. */
public final class DeadCode implements Pass {
  @Override
  public String name() {
    return "dead-code";
  }

  @Override
  public Graph apply(Graph graph) {
    Set<Node> needed = new HashSet<>();
    for (Value v : graph.outputs()) {
      needed.add(v.node());
    }
    List<Node> nodes = graph.nodes();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      if (needed.contains(nodes.get(i))) {
        for (Value v : nodes.get(i).inputs()) {
          needed.add(v.node());
        }
      }
    }
    return Rewriter.rewrite(graph, this, new Needed(needed));
  }

  private record Needed(Set<Node> needed) implements Rewriter.Rule {
    @Override
    public @Nullable List<Value> replace(Node node, List<Value> operands, GraphBuilder builder) {
      return null;
    }

    @Override
    public boolean drops(Node node) {
      return !needed.contains(node);
    }
  }
}
