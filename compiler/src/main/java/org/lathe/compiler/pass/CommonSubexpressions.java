package org.lathe.compiler.pass;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Op;
import org.lathe.compiler.ir.Value;

/** Nodes of one op with equal operands and attributes become one: ops have no side effects. */
public final class CommonSubexpressions implements Pass {
  @Override
  public String name() {
    return "common-subexpressions";
  }

  @Override
  public Graph apply(Graph graph) {
    return Rewriter.rewrite(graph, this, new Known());
  }

  /** The nodes of the new graph so far. */
  private static final class Known implements Rewriter.Rule {
    private record Key(Op op, List<Value> operands, Attributes attributes) {}

    private final Map<Key, List<Value>> seen = new HashMap<>();

    @Override
    public @Nullable List<Value> replace(Node node, List<Value> operands, GraphBuilder builder) {
      return seen.get(new Key(node.op(), operands, node.attributes()));
    }

    @Override
    public void kept(Node node, Node copy) {
      seen.put(new Key(copy.op(), copy.inputs(), copy.attributes()), Rewriter.outputs(copy));
    }
  }
}
