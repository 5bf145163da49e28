package org.lathe.compiler.lower;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.OpDef;

/** What fusion asks about a graph: which nodes matter, how each is lowered, who reads a value. */
final class GraphFacts {
  private final Graph graph;
  private final List<Node> live = new ArrayList<>();
  private final Map<Value, List<Node>> users = new HashMap<>();
  private final Set<Value> outputs;

  GraphFacts(Graph graph) {
    this.graph = graph;
    this.outputs = new HashSet<>(graph.outputs());
    Set<Node> needed = new HashSet<>();
    for (Value v : graph.outputs()) {
      needed.add(v.node());
    }
    List<Node> nodes = graph.nodes();
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      if (needed.contains(node)) {
        for (Value v : node.inputs()) {
          needed.add(v.node());
        }
      }
    }
    for (Node node : nodes) {
      if (needed.contains(node)) {
        live.add(node);
        for (Value v : new HashSet<>(node.inputs())) {
          users.computeIfAbsent(v, k -> new ArrayList<>()).add(node);
        }
      }
    }
  }

  Graph graph() {
    return graph;
  }

  /** The nodes that the outputs need, in topological order. */
  List<Node> live() {
    return live;
  }

  /** The live nodes that read {@code v}, each once, in topological order. */
  List<Node> users(Value v) {
    return users.getOrDefault(v, List.of());
  }

  boolean isOutput(Value v) {
    return outputs.contains(v);
  }

  /** How a node is lowered, null for a graph's input. */
  static @Nullable Lowering lowering(Node node) {
    if (node.is(InputOp.INSTANCE)) {
      return null;
    }
    return OpDef.of(node).lowering().orElseThrow(() -> node + " cannot be lowered");
  }

  static boolean isSplat(Value v) {
    return lowering(v.node()) instanceof Lowering.Constant && literal(v).isSplat();
  }

  static Literal literal(Value constant) {
    return constant.node().attributes().literal("value");
  }

  /** Whether a node only says where elements come from. */
  static boolean moves(Node node) {
    return switch (lowering(node)) {
      case Lowering.Movement m -> true;
      case Lowering.Reshape r -> true;
      case Lowering.Identity i -> true;
      case null, default -> false;
    };
  }

  /** Whether the node's results always come out of a kernel of its own, or lie in memory to begin with. */
  static boolean isAnchor(Node node) {
    return switch (lowering(node)) {
      case Lowering.Pointwise p -> false;
      case Lowering.Generator g -> false;
      case Lowering.Movement m -> false;
      case Lowering.Reshape r -> false;
      case Lowering.Identity i -> false;
      case Lowering.Constant c -> !literal(node.output()).isSplat();
      case null, default -> true;
    };
  }

  /** The value whose dense memory is also this value's: behind reshapes and identities. */
  static Value strip(Value v) {
    Value at = v;
    while (lowering(at.node()) instanceof Lowering.Reshape || lowering(at.node()) instanceof Lowering.Identity) {
      at = at.node().input(0);
    }
    return at;
  }
}
