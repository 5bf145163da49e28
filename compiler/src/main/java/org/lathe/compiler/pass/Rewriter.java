package org.lathe.compiler.pass;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;

/**
 * Copies a graph node by node, in topological order, and asks a rule at each whether something else should stand there.
 * Graphs inside of nodes (bodies of loops and branches) are rewritten by the same pass first.
 */
final class Rewriter {

  /** A rewriting of single nodes, which sees what their operands became. */
  @FunctionalInterface
  interface Rule {
    /**
     * What stands in the node's place, one value for each of its outputs; null to keep the node.
     *
     * @param operands the node's operands in the new graph
     * @param builder the new graph
     */
    @Nullable
    List<Value> replace(Node node, List<Value> operands, GraphBuilder builder);

    /** Whether a node goes for good; nothing that stays may use it. */
    default boolean drops(Node node) {
      return false;
    }

    /** Is told of each node that was kept, and of its copy. */
    default void kept(Node node, Node copy) {}
  }

  private Rewriter() {}

  /** The graph with the rule applied everywhere, {@code graph} itself if nothing was replaced. */
  static Graph rewrite(Graph graph, Pass pass, Rule rule) {
    Map<Value, Value> copies = new HashMap<>();
    GraphBuilder builder = new GraphBuilder(graph.name());
    for (Node input : graph.inputs()) {
      Value copy = builder.at(
          input.source(),
          () -> builder.input(
              input.attributes().text("name"), TensorType.parse(input.attributes().text("type"))));
      copies.put(input.output(), copy);
    }
    boolean changed = false;
    for (Node node : graph.nodes()) {
      if (node.is(InputOp.INSTANCE)) {
        continue;
      }
      if (rule.drops(node)) {
        changed = true;
        continue;
      }
      List<Value> operands = new ArrayList<>();
      for (Value v : node.inputs()) {
        operands.add(copy(copies, v));
      }
      List<Value> replaced = builder.at(node.source(), () -> rule.replace(node, operands, builder));
      if (replaced == null) {
        Attributes attributes = withBodies(node.attributes(), pass);
        changed |= attributes != node.attributes();
        Node kept = builder.copy(node, operands, attributes);
        rule.kept(node, kept);
        replaced = outputs(kept);
      } else {
        changed = true;
      }
      for (int i = 0; i < replaced.size(); i++) {
        copies.put(node.output(i), replaced.get(i));
      }
    }
    if (!changed) {
      return graph;
    }
    List<Value> outputs = new ArrayList<>();
    for (Value v : graph.outputs()) {
      outputs.add(copy(copies, v));
    }
    return builder.build(outputs);
  }

  private static Value copy(Map<Value, Value> copies, Value v) {
    Value copy = copies.get(v);
    if (copy == null) {
      throw new IllegalStateException(v + " of " + v.node() + " is used before it is computed");
    }
    return copy;
  }

  static List<Value> outputs(Node node) {
    List<Value> outputs = new ArrayList<>();
    for (int i = 0; i < node.types().size(); i++) {
      outputs.add(node.output(i));
    }
    return outputs;
  }

  private static Attributes withBodies(Attributes attributes, Pass pass) {
    Attributes result = attributes;
    for (Map.Entry<String, Object> entry : attributes.asMap().entrySet()) {
      if (entry.getValue() instanceof Graph body) {
        Graph rewritten = pass.apply(body);
        if (rewritten != body) {
          result = result.with(entry.getKey(), rewritten);
        }
      }
    }
    return result;
  }
}
