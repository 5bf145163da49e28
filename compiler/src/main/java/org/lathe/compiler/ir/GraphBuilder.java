package org.lathe.compiler.ir;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Appends nodes, typing each as it comes. Belongs to one thread. */
public final class GraphBuilder {
  private final String name;
  private final Supplier<@Nullable SourceLine> sources;
  private final List<Node> inputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private @Nullable SourceLine fixedSource;

  /**
   * @param sources asked for the user's line at each new node
   */
  public GraphBuilder(String name, Supplier<@Nullable SourceLine> sources) {
    this.name = name;
    this.sources = sources;
  }

  /** A builder that takes source lines from {@link #at} only. */
  public GraphBuilder(String name) {
    this(name, () -> null);
  }

  public Value input(String inputName, TensorType type) {
    Node node = append(InputOp.INSTANCE, List.of(), Attributes.of("name", inputName).with("type", type.toString()));
    inputs.add(node);
    return node.output();
  }

  /**
   * Appends a node.
   *
   * @throws TypeError with the user's line, if the inputs do not fit
   */
  public Node append(Op op, List<Value> operands, Attributes attributes) {
    SourceLine source = source();
    List<TensorType> types;
    try {
      types = op.infer(operands.stream().map(Value::type).toList(), attributes);
    } catch (TypeError e) {
      throw e.at(source);
    }
    Node node = new Node(nodes.size(), op, operands, attributes, types, source);
    nodes.add(node);
    return node;
  }

  /** The number of nodes so far: the id of the next. */
  public int size() {
    return nodes.size();
  }

  /** The user's line that a node appended now would get. */
  public @Nullable SourceLine source() {
    return fixedSource != null ? fixedSource : sources.get();
  }

  /** Runs {@code work} with every new node at {@code source}: passes keep the lines of what they rewrite. */
  public <T> T at(@Nullable SourceLine source, Supplier<T> work) {
    SourceLine before = fixedSource;
    fixedSource = source == null ? before : source;
    try {
      return work.get();
    } finally {
      fixedSource = before;
    }
  }

  /** Appends a copy of all of {@code graph}, its inputs replaced by {@code arguments}; gives the copies of its outputs. */
  public List<Value> inline(Graph graph, List<Value> arguments) {
    Map<Value, Value> copies = new HashMap<>();
    for (int i = 0; i < graph.inputs().size(); i++) {
      copies.put(graph.inputs().get(i).output(), arguments.get(i));
    }
    for (Node node : graph.nodes()) {
      if (node.is(InputOp.INSTANCE)) {
        continue;
      }
      List<Value> operands = node.inputs().stream().map(v -> copies.get(v)).toList();
      Node copy = at(node.source(), () -> append(node.op(), operands, node.attributes()));
      for (int i = 0; i < node.types().size(); i++) {
        copies.put(node.output(i), copy.output(i));
      }
    }
    return graph.outputs().stream().map(v -> copies.get(v)).toList();
  }

  public Graph build(List<Value> outputs) {
    return new Graph(name, inputs, nodes, outputs);
  }
}
