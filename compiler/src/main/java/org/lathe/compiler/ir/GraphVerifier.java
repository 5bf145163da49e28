package org.lathe.compiler.ir;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks that a graph is legal, as {@link #RULES} says, its nested graphs as well. */
public final class GraphVerifier {
  /** How many nodes before and after the fault are shown. */
  private static final int AROUND = 3;

  /** A rule: what must hold at each node, and what is wrong where it does not. */
  record NodeRule(String statement, NodeCheck check) {}

  /** Gives what is wrong, or null. */
  @FunctionalInterface
  interface NodeCheck {
    @Nullable
    String problem(Node node, Known known);
  }

  /** What is known of the graph when a node is reached: the nodes before it and their places. */
  record Known(Graph graph, Map<Node, Integer> before, int lastId) {
    @Nullable
    String missing(Value value) {
      if (!before.containsKey(value.node())) {
        return value + " is not a node before it";
      }
      int outputs = value.node().types().size();
      return value.index() < 0 || value.index() >= outputs
          ? value + " is not one of the " + outputs + " outputs"
          : null;
    }
  }

  /** What a legal graph is, node by node. */
  static final List<NodeRule> RULES = List.of(
      new NodeRule("a node stands once in its graph",
          (n, known) -> known.before.containsKey(n) ? "it stands twice" : null),
      new NodeRule(
          "ids rise", (n, known) -> n.id() > known.lastId ? null : "its id comes after id " + known.lastId),
      new NodeRule("operands are outputs of nodes before it", GraphVerifier::operands),
      new NodeRule(
          "a graph lists all of its inputs",
          (n, known) -> n.is(InputOp.INSTANCE) && !known.graph.inputs().contains(n)
              ? "it is not among the inputs"
              : null),
      new NodeRule("types are what the op infers", GraphVerifier::types),
      new NodeRule("nested graphs are legal", GraphVerifier::nested));

  private GraphVerifier() {}

  /**
   * Checks {@code graph}.
   *
   * @param stage what made it, for the message, such as a pass's name
   * @throws IllegalGraph with the graph around the fault
   */
  public static void verify(Graph graph, String stage) {
    Map<Node, Integer> places = new HashMap<>();
    int lastId = -1;
    for (Node node : graph.nodes()) {
      Known known = new Known(graph, places, lastId);
      for (NodeRule rule : RULES) {
        String problem = rule.check.problem(node, known);
        if (problem != null) {
          throw error(graph, stage, rule.statement, node, node.toString() + ": " + problem);
        }
      }
      places.put(node, places.size());
      lastId = node.id();
    }
    inputs(graph, stage, places);
    Known all = new Known(graph, places, lastId);
    for (int i = 0; i < graph.outputs().size(); i++) {
      Value output = graph.outputs().get(i);
      if (all.missing(output) != null) {
        throw error(
            graph, stage, "results are outputs of its nodes", null,
            "result " + i + ", " + output + ", is not in the graph");
      }
    }
  }

  private static void inputs(Graph graph, String stage, Map<Node, Integer> places) {
    Set<Node> seen = new HashSet<>();
    for (Node input : graph.inputs()) {
      if (!input.is(InputOp.INSTANCE) || !places.containsKey(input) || !seen.add(input)) {
        throw error(
            graph, stage, "inputs are distinct input nodes of the graph", null, input + " is listed as an input");
      }
    }
  }

  private static @Nullable String operands(Node node, Known known) {
    for (Value v : node.inputs()) {
      String missing = known.missing(v);
      if (missing != null) {
        return "operand " + missing;
      }
    }
    return null;
  }

  private static @Nullable String types(Node node, Known known) {
    try {
      List<TensorType> inferred = node.op().infer(node.inputs().stream().map(Value::type).toList(), node.attributes());
      return inferred.equals(node.types()) ? null : "it has " + node.types() + ", the op gives " + inferred;
    } catch (TypeError e) {
      return "the op refuses its operands: " + e.getMessage();
    }
  }

  private static @Nullable String nested(Node node, Known known) {
    for (Map.Entry<String, Object> e : node.attributes().asMap().entrySet()) {
      if (e.getValue() instanceof Graph g) {
        try {
          verify(g, "attribute " + e.getKey());
        } catch (IllegalGraph inner) {
          return inner.getMessage();
        }
      }
    }
    return null;
  }

  private static IllegalGraph error(Graph graph, String stage, String rule, @Nullable Node fault, String problem) {
    StringBuilder s = new StringBuilder();
    s.append("graph '").append(graph.name()).append("' after ").append(stage).append(" breaks the rule that ");
    s.append(rule).append(": ").append(problem);
    int place = fault == null ? graph.nodes().size() : graph.nodes().indexOf(fault);
    for (int i = Math.max(0, place - AROUND); i < Math.min(graph.nodes().size(), place + AROUND + 1); i++) {
      s.append(i == place ? "\n> " : "\n  ").append(GraphText.print(graph.nodes().get(i), GraphText.Style.SHORT));
    }
    return new IllegalGraph(rule, s.toString());
  }
}
