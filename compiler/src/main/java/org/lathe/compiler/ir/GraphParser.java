package org.lathe.compiler.ir;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/** Reads what {@link GraphText} prints. Types are inferred again and must agree with the text. */
final class GraphParser {
  private final String text;
  private final Function<String, @Nullable Op> ops;
  private int at;

  GraphParser(String text, Function<String, @Nullable Op> ops) {
    this.text = text;
    this.ops = ops;
  }

  Graph parse() {
    Graph graph = graph();
    skip();
    if (at < text.length()) {
      throw error("expected the end of the text, found '" + text.charAt(at) + "'");
    }
    return graph;
  }

  private Graph graph() {
    expectWord("graph");
    String name = string();
    List<String> inputs = list('(', ')', this::valueName);
    expect('{');
    GraphBuilder builder = new GraphBuilder(name);
    Map<String, Node> nodes = new HashMap<>();
    while (!peekWord("return")) {
      node(builder, nodes);
    }
    expectWord("return");
    List<Value> outputs = new ArrayList<>();
    if (!peek('}')) {
      do {
        outputs.add(value(nodes));
      } while (accept(','));
    }
    expect('}');
    Graph built = builder.build(outputs);
    List<Node> ordered = inputs.stream().map(i -> node(nodes, i)).toList();
    for (Node input : ordered) {
      if (!input.is(InputOp.INSTANCE)) {
        throw error("graph \"" + name + "\" takes %" + input.id() + ", which is not an input");
      }
    }
    return new Graph(name, ordered, built.nodes(), built.outputs());
  }

  private void node(GraphBuilder builder, Map<String, Node> nodes) {
    String name = valueName();
    if (nodes.containsKey(name)) {
      throw error(name + " is defined twice");
    }
    expect(':');
    skip();
    List<TensorType> types = peek('(') ? list('(', ')', this::type) : List.of(type());
    expect('=');
    String opName = word();
    int opAt = at;
    if (opName.equals(InputOp.INSTANCE.name())) {
      String inputName = string();
      SourceLine source = source();
      nodes.put(name, builder.at(source, () -> builder.input(inputName, types.getFirst())).node());
      return;
    }
    Op op = ops.apply(opName);
    if (op == null) {
      throw error("no op is named '" + opName + "'");
    }
    List<Value> operands = list('(', ')', () -> value(nodes));
    Attributes attributes = peek('{') ? attributes() : Attributes.NONE;
    SourceLine source = source();
    Node node;
    try {
      node = builder.at(source, () -> builder.append(op, operands, attributes));
    } catch (IllegalArgumentException e) {
      at = opAt;
      throw error(name + ": " + e.getMessage());
    }
    if (!node.types().equals(types)) {
      at = opAt;
      throw error(name + " is said to be " + types + ", but " + opName + " gives " + node.types());
    }
    nodes.put(name, node);
  }

  private Value value(Map<String, Node> nodes) {
    Node node = node(nodes, valueName());
    int index = 0;
    if (at < text.length() && text.charAt(at) == '.') {
      at++;
      index = (int) integer(run(c -> Character.isDigit(c)));
    }
    if (index >= node.types().size()) {
      throw error("%" + node.id() + " has " + node.types().size() + " outputs, found ." + index);
    }
    return node.output(index);
  }

  private Node node(Map<String, Node> nodes, String name) {
    Node node = nodes.get(name);
    if (node == null) {
      throw error(name + " is used before it is defined");
    }
    return node;
  }

  private String valueName() {
    expect('%');
    return "%" + run(c -> Character.isLetterOrDigit(c));
  }

  private TensorType type() {
    String dtype = word();
    return new TensorType(dtype(dtype), dims());
  }

  private DType dtype(String name) {
    try {
      return DType.parse(name);
    } catch (IllegalArgumentException e) {
      throw error("no dtype is named '" + name + "'");
    }
  }

  private Dims dims() {
    return Dims.of(list('[', ']', () -> integer(number())).stream().mapToLong(Long::longValue).toArray());
  }

  private Attributes attributes() {
    Attributes all = Attributes.NONE;
    expect('{');
    do {
      String name = word();
      expect('=');
      all = all.with(name, attribute());
    } while (accept(','));
    expect('}');
    return all;
  }

  private Object attribute() {
    skip();
    char c = at < text.length() ? text.charAt(at) : 0;
    if (c == '"') {
      return string();
    }
    if (c == '[') {
      return dims();
    }
    if (peekWord("graph")) {
      return graph();
    }
    if (peekWord("literal")) {
      return literal();
    }
    if (peekWord("true") || peekWord("false")) {
      return word().equals("true");
    }
    if (c == '-' || Character.isDigit(c) || peekWord("NaN") || peekWord("Infinity")) {
      String number = number();
      return number.matches("-?\\d+") ? (Object) integer(number) : (Object) real(number);
    }
    return dtype(word());
  }

  private Literal literal() {
    expectWord("literal");
    TensorType type = type();
    if (peekWord("splat")) {
      expectWord("splat");
      return Literal.splat(type, real(number()));
    }
    double[] data = list('{', '}', () -> real(number())).stream().mapToDouble(Double::doubleValue).toArray();
    if (data.length != type.size()) {
      throw error("a literal of " + type + " has " + type.size() + " elements, found " + data.length);
    }
    return Literal.adopt(type, data);
  }

  private @Nullable SourceLine source() {
    if (!accept('@')) {
      return null;
    }
    int end = text.indexOf('\n', at);
    String line = text.substring(at, end < 0 ? text.length() : end).strip();
    at = end < 0 ? text.length() : end;
    int colon = line.lastIndexOf(':');
    if (colon < 0) {
      throw error("expected file:line, found '" + line + "'");
    }
    return new SourceLine(line.substring(0, colon), (int) integer(line.substring(colon + 1)));
  }

  private String number() {
    return run(c -> Character.isLetterOrDigit(c) || c == '-' || c == '+' || c == '.');
  }

  private long integer(String number) {
    try {
      return Long.parseLong(number);
    } catch (NumberFormatException e) {
      throw error("expected an integer, found '" + number + "'");
    }
  }

  private double real(String number) {
    try {
      return Double.parseDouble(number);
    } catch (NumberFormatException e) {
      throw error("expected a number, found '" + number + "'");
    }
  }

  private String string() {
    expect('"');
    StringBuilder s = new StringBuilder();
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      if (c == '\\' && at < text.length()) {
        char escaped = text.charAt(at++);
        c = switch (escaped) {
          case 'n' -> '\n';
          case 'r' -> '\r';
          case 't' -> '\t';
          default -> escaped;
        };
      }
      s.append(c);
    }
    if (at == text.length()) {
      throw error("a string is not closed");
    }
    at++;
    return s.toString();
  }

  private String word() {
    String word = run(c -> Character.isLetterOrDigit(c) || c == '_');
    if (word.isEmpty()) {
      throw error("expected a word, found " + found());
    }
    return word;
  }

  private boolean peekWord(String word) {
    skip();
    int end = at + word.length();
    return text.startsWith(word, at) && (end == text.length() || !Character.isLetterOrDigit(text.charAt(end)));
  }

  private void expectWord(String word) {
    if (!peekWord(word)) {
      throw error("expected '" + word + "', found " + found());
    }
    at += word.length();
  }

  private boolean peek(char c) {
    skip();
    return at < text.length() && text.charAt(at) == c;
  }

  private boolean accept(char c) {
    if (peek(c)) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw error("expected '" + c + "', found " + found());
    }
  }

  private <T> List<T> list(char open, char close, Supplier<T> element) {
    List<T> all = new ArrayList<>();
    expect(open);
    if (!peek(close)) {
      do {
        all.add(element.get());
      } while (accept(','));
    }
    expect(close);
    return all;
  }

  private String run(IntPredicate part) {
    skip();
    int start = at;
    while (at < text.length() && part.test(text.charAt(at))) {
      at++;
    }
    return text.substring(start, at);
  }

  private void skip() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private String found() {
    return at < text.length() ? "'" + text.charAt(at) + "'" : "the end of the text";
  }

  private GraphSyntaxError error(String problem) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < Math.min(at, text.length()); i++) {
      boolean newline = text.charAt(i) == '\n';
      line += newline ? 1 : 0;
      column = newline ? 1 : column + 1;
    }
    return new GraphSyntaxError(line, column, problem);
  }
}
