package org.lathe.compiler.interp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.OpDef;

/** Interprets a graph in float64, node by node, with the ops' references; independent of every kernel. */
public final class Oracle {
  private Oracle() {}

  /** The graph's outputs for these inputs; computes only what they need. */
  public static List<Literal> run(Graph graph, List<Literal> inputs) {
    Set<Node> needed = needed(graph);
    Map<Value, Literal> values = evaluate(graph, inputs, needed::contains);
    List<Literal> outputs = new ArrayList<>();
    for (Value v : graph.outputs()) {
      outputs.add(values.get(v));
    }
    return outputs;
  }

  /** Every value of the graph. */
  public static Map<Value, Literal> runAll(Graph graph, List<Literal> inputs) {
    return evaluate(graph, inputs, node -> true);
  }

  private static Set<Node> needed(Graph graph) {
    Set<Node> needed = new HashSet<>();
    graph.outputs().forEach(v -> needed.add(v.node()));
    for (Node node : graph.nodes().reversed()) {
      if (needed.contains(node)) {
        node.inputs().forEach(v -> needed.add(v.node()));
      }
    }
    return needed;
  }

  private static Map<Value, Literal> evaluate(Graph graph, List<Literal> inputs, Predicate<Node> wanted) {
    Map<Value, Literal> values = new HashMap<>();
    for (int i = 0; i < inputs.size(); i++) {
      values.put(graph.inputs().get(i).output(), inputs.get(i));
    }
    for (Node node : graph.nodes()) {
      if (node.is(InputOp.INSTANCE) || !wanted.test(node)) {
        continue;
      }
      List<Literal> operands = node.inputs().stream().map(values::get).toList();
      List<Literal> results = OpDef.of(node).reference().evaluate(operands, node.attributes());
      for (int i = 0; i < results.size(); i++) {
        values.put(node.output(i), results.get(i));
      }
    }
    return values;
  }
}
