package org.lathe.compiler.ir;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Graphs as text. The same graph always gives the same text, and {@link #parse} gives back an equal graph.
 *
 * <pre>{@code
 * graph "mlp"(%0, %1) {
 *   %0: f32[2,3] = input "x"
 *   %1: f32[3,4] = input "w"
 *   %2: f32[2,4] = matmul(%0, %1) @ Model.java:17
 *   %3: (f32[2,2], i32[2,2]) = topK(%2) {k=2} @ Model.java:18
 *   return %3.0, %3.1
 * }
 * }</pre>
 *
 * <p>Attributes are integers, reals (with a point or an exponent), {@code true}, {@code "text"}, {@code [1,2]}, an element
 * type, a nested {@code graph}, {@code literal f32[2] {1.0, 2.0}} or {@code literal f32[9,9] splat 0.0}. Nodes are numbered
 * by their place, whatever their ids are.
 */
public final class GraphText {
  /**
   * What to print.
   *
   * @param sources whether with the user's lines
   * @param literalLimit literals with more elements are printed short, as a count and a hash, which do not parse
   */
  public record Style(boolean sources, int literalLimit) {
    /** Everything: parses back. */
    public static final Style FULL = new Style(true, Integer.MAX_VALUE);

    /** The meaning alone: parses back, without the user's lines. */
    public static final Style PLAIN = new Style(false, Integer.MAX_VALUE);

    /** For people: long literals are printed short. */
    public static final Style SHORT = new Style(true, 16);
  }

  private final Style style;
  private final StringBuilder out = new StringBuilder();

  private GraphText(Style style) {
    this.style = style;
  }

  /** The whole graph. */
  public static String print(Graph graph) {
    return print(graph, Style.FULL);
  }

  public static String print(Graph graph, Style style) {
    GraphText text = new GraphText(style);
    text.graph(graph, "");
    return text.out.append('\n').toString();
  }

  /** One node, its operands numbered by their ids. */
  static String print(Node node, Style style) {
    GraphText text = new GraphText(style);
    text.node(node, "", n -> "%" + n.id());
    return text.out.toString();
  }

  /**
   * The graph that was printed.
   *
   * @param ops the op of a name, or null if there is none
   * @throws GraphSyntaxError with line and column
   */
  public static Graph parse(String text, Function<String, @Nullable Op> ops) {
    return new GraphParser(text, ops).parse();
  }

  private void graph(Graph graph, String indent) {
    Map<Node, String> names = new HashMap<>();
    for (Node node : graph.nodes()) {
      names.put(node, "%" + names.size());
    }
    Function<Node, String> naming = n -> names.getOrDefault(n, "%undefined" + n.id());
    out.append("graph ").append(quote(graph.name()));
    out.append(graph.inputs().stream().map(naming).collect(Collectors.joining(", ", "(", ") {\n")));
    for (Node node : graph.nodes()) {
      node(node, indent + "  ", naming);
      out.append('\n');
    }
    out.append(indent).append("  return");
    for (int i = 0; i < graph.outputs().size(); i++) {
      out.append(i == 0 ? " " : ", ").append(value(graph.outputs().get(i), naming));
    }
    out.append('\n').append(indent).append('}');
  }

  private void node(Node node, String indent, Function<Node, String> naming) {
    out.append(indent).append(naming.apply(node)).append(": ");
    List<TensorType> types = node.types();
    out.append(
        types.size() == 1
            ? types.getFirst().toString()
            : types.stream().map(TensorType::toString).collect(Collectors.joining(", ", "(", ")")));
    out.append(" = ").append(node.op().name());
    if (node.is(InputOp.INSTANCE)) {
      out.append(' ').append(quote(node.attributes().text("name")));
    } else {
      out.append(node.inputs().stream().map(v -> value(v, naming)).collect(Collectors.joining(", ", "(", ")")));
      attributes(node.attributes(), indent);
    }
    if (style.sources && node.source() != null) {
      out.append(" @ ").append(node.source());
    }
  }

  private static String value(Value value, Function<Node, String> naming) {
    return naming.apply(value.node()) + (value.node().types().size() == 1 ? "" : "." + value.index());
  }

  private void attributes(Attributes attributes, String indent) {
    String separator = " {";
    for (Map.Entry<String, Object> e : attributes.asMap().entrySet()) {
      out.append(separator).append(e.getKey()).append('=');
      attribute(e.getValue(), indent);
      separator = ", ";
    }
    if (separator.equals(", ")) {
      out.append('}');
    }
  }

  private void attribute(Object value, String indent) {
    switch (value) {
      case String s -> out.append(quote(s));
      case Graph g -> graph(g, indent + "  ");
      case Literal l -> literal(l);
      default -> out.append(value);
    }
  }

  private void literal(Literal literal) {
    out.append("literal ").append(literal.type());
    if (literal.isSplat()) {
      out.append(" splat ").append(literal.get(0));
    } else if (literal.type().size() > style.literalLimit) {
      out.append(" {").append(literal.type().size()).append(" elements, hash ");
      out.append(Integer.toHexString(literal.hashCode())).append('}');
    } else {
      out.append(" {");
      for (long i = 0; i < literal.type().size(); i++) {
        out.append(i == 0 ? "" : ", ").append(literal.get(i));
      }
      out.append('}');
    }
  }

  private static String quote(String s) {
    StringBuilder q = new StringBuilder("\"");
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> q.append("\\\"");
        case '\\' -> q.append("\\\\");
        case '\n' -> q.append("\\n");
        case '\r' -> q.append("\\r");
        case '\t' -> q.append("\\t");
        default -> q.append(c);
      }
    }
    return q.append('"').toString();
  }
}
