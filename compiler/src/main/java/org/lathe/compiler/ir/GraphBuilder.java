package org.lathe.compiler.ir;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Appends nodes, typing each as it comes. Belongs to one thread.
 *
 * <p>A nested builder, for the body of a loop or a branch, may use values of the builders around it: each becomes an
 * input of the body, one of {@link #captured}.
 */
public final class GraphBuilder {
  private final String name;
  private final Supplier<@Nullable SourceLine> sources;
  private final @Nullable GraphBuilder parent;
  private final Map<Value, Value> captures = new LinkedHashMap<>();
  private final List<Node> inputs = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private @Nullable SourceLine fixedSource;

  /**
   * @param sources asked for the user's line at each new node
   */
  public GraphBuilder(String name, Supplier<@Nullable SourceLine> sources) {
    this(name, sources, null);
  }

  private GraphBuilder(String name, Supplier<@Nullable SourceLine> sources, @Nullable GraphBuilder parent) {
    this.name = name;
    this.sources = sources;
    this.parent = parent;
  }

  /** A builder that takes source lines from {@link #at} only. */
  public GraphBuilder(String name) {
    this(name, () -> null);
  }

  /** A builder for a graph inside of this one, which may use this one's values. */
  public GraphBuilder nested(String bodyName) {
    GraphBuilder body = new GraphBuilder(bodyName, sources, this);
    body.fixedSource = fixedSource;
    return body;
  }

  /** How many builders are around this one. */
  public int depth() {
    return parent == null ? 0 : 1 + parent.depth();
  }

  /** The values of the builders around this one that it uses, in the order of the inputs that stand for them. */
  public List<Value> captured() {
    return List.copyOf(captures.keySet());
  }

  /**
   * The value as this graph sees it: itself, or the input that stands for a value of a builder around this one.
   *
   * @throws IllegalArgumentException if it belongs to neither
   */
  public Value local(Value value) {
    if (owns(value)) {
      return value;
    }
    for (GraphBuilder outer = parent; outer != null; outer = outer.parent) {
      if (outer.owns(value)) {
        return captures.computeIfAbsent(value, v -> input("captured" + captures.size(), v.type()));
      }
    }
    throw new IllegalArgumentException(
        "value " + value + " of " + value.node() + " belongs to another trace than graph '" + name
            + "'; pass it in as an argument");
  }

  private boolean owns(Value value) {
    int id = value.node().id();
    return id >= 0 && id < nodes.size() && nodes.get(id) == value.node();
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
    List<Value> own = operands.stream().map(this::local).toList();
    List<TensorType> types;
    try {
      types = op.infer(own.stream().map(Value::type).toList(), attributes);
    } catch (TypeError e) {
      throw e.at(source);
    } catch (IllegalArgumentException e) {
      throw new TypeError(op.name() + ": " + e.getMessage()).at(source);
    }
    Node node = new Node(nodes.size(), op, own, attributes, types, source);
    nodes.add(node);
    return node;
  }

  /**
   * Appends a node of the op and source line of {@code node}; its types are inferred anew only if the operands' types or
   * the attributes are others.
   */
  public Node copy(Node node, List<Value> operands, Attributes attributes) {
    boolean same = attributes == node.attributes();
    for (int i = 0; i < operands.size() && same; i++) {
      same = operands.get(i).type().equals(node.input(i).type());
    }
    if (!same) {
      return at(node.source(), () -> append(node.op(), operands, attributes));
    }
    List<Value> own = operands.stream().map(this::local).toList();
    Node copy = new Node(nodes.size(), node.op(), own, attributes, node.types(), node.source());
    nodes.add(copy);
    return copy;
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

  /** The graph of all nodes so far. */
  public Graph build(List<Value> outputs) {
    List<Value> own = outputs.stream().map(this::local).toList();
    return new Graph(name, inputs, nodes, own);
  }
}
