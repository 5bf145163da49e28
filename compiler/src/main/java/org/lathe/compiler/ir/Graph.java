package org.lathe.compiler.ir;

import java.util.List;

/**
 * A computation: nodes in topological order, some of which are the inputs. Immutable.
 *
 * @param inputs the input nodes in the order of the arguments; each is also in {@code nodes}
 */
public record Graph(String name, List<Node> inputs, List<Node> nodes, List<Value> outputs) {
  public Graph {
    inputs = List.copyOf(inputs);
    nodes = List.copyOf(nodes);
    outputs = List.copyOf(outputs);
  }

  public List<TensorType> inputTypes() {
    return inputs.stream().map(n -> n.output().type()).toList();
  }

  public List<TensorType> outputTypes() {
    return outputs.stream().map(Value::type).toList();
  }
}
