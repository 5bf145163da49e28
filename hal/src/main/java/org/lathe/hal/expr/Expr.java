package org.lathe.hal.expr;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lathe.hal.DType;

/**
 * A small typed DAG of scalar work, in topological order: each node names its operands by their position.
 *
 * <p>Inputs are numbered; what they stand for is said by the kernel that holds the expression. Nodes of the half types
 * compute in f32, and are rounded when they are stored or cast. Prints as {@code {%0 = input.f32 0; %1 = exp.f32 %0;
 * yield %1}}.
 */
public record Expr(List<Node> nodes, List<Integer> results) {

  public Expr {
    nodes = List.copyOf(nodes);
    results = List.copyOf(results);
    for (int i = 0; i < nodes.size(); i++) {
      for (int operand : nodes.get(i).operands()) {
        if (operand < 0 || operand >= i) {
          throw new IllegalArgumentException("node %" + i + " uses %" + operand + ", which is not before it");
        }
      }
      ExprTypes.check(nodes, i);
    }
    for (int r : results) {
      if (r < 0 || r >= nodes.size()) {
        throw new IllegalArgumentException("result %" + r + " is not a node");
      }
    }
  }

  /** One scalar value. Prints as what stands after {@code %i =}. */
  public sealed interface Node {
    DType type();

    default List<Integer> operands() {
      return List.of();
    }
  }

  /** Input number {@code index} of the kernel. */
  public record Input(int index, DType type) implements Node {
    @Override
    public String toString() {
      return "input." + type + " " + index;
    }
  }

  /**
   * A constant. {@code bits} is the IEEE binary64 pattern for floating types ({@link Double#doubleToLongBits}: there is
   * one NaN), else the integer itself; for bool 0 or 1.
   */
  public record Constant(DType type, long bits) implements Node {
    public Constant {
      if (type.isFloating()) {
        bits = Double.doubleToLongBits(Double.longBitsToDouble(bits));
      }
    }

    public static Constant of(DType type, double value) {
      return new Constant(type, type.isFloating() ? Double.doubleToLongBits(value) : (long) value);
    }

    public double value() {
      return type.isFloating() ? Double.longBitsToDouble(bits) : bits;
    }

    @Override
    public String toString() {
      return "const." + type + " " + (type.isFloating() ? Double.toString(value()) : Long.toString(bits));
    }
  }

  /** The index along dimension {@code dim} of the kernel's iteration space, as i32. */
  public record Index(int dim) implements Node {
    @Override
    public DType type() {
      return DType.I32;
    }

    @Override
    public String toString() {
      return "index " + dim;
    }
  }

  public record Unary(UnaryOp op, int a, DType type) implements Node {
    @Override
    public List<Integer> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return op.name().toLowerCase(Locale.ROOT) + "." + type + " %" + a;
    }
  }

  public record Binary(BinaryOp op, int a, int b, DType type) implements Node {
    @Override
    public List<Integer> operands() {
      return List.of(a, b);
    }

    @Override
    public String toString() {
      return op.name().toLowerCase(Locale.ROOT) + "." + type + " %" + a + ", %" + b;
    }
  }

  /** {@code condition ? a : b}. */
  public record Select(int condition, int a, int b, DType type) implements Node {
    @Override
    public List<Integer> operands() {
      return List.of(condition, a, b);
    }

    @Override
    public String toString() {
      return "select." + type + " %" + condition + ", %" + a + ", %" + b;
    }
  }

  /**
   * Conversion. Floating to i32 and i64 as Java (truncates, saturates, NaN is 0); floating to u8 clamps to 0..255, NaN is
   * 0; integers narrow by dropping bits; to bool is {@code != 0}; bool is 0 or 1.
   */
  public record Cast(int a, DType type) implements Node {
    @Override
    public List<Integer> operands() {
      return List.of(a);
    }

    @Override
    public String toString() {
      return "cast." + type + " %" + a;
    }
  }

  /** The type of result {@code i}. */
  public DType resultType(int i) {
    return nodes.get(results.get(i)).type();
  }

  /** One more than the largest input number used, 0 if none. */
  public int inputCount() {
    int n = 0;
    for (Node node : nodes) {
      if (node instanceof Input in) {
        n = Math.max(n, in.index() + 1);
      }
    }
    return n;
  }

  /** The number of nodes that compute something: operations per evaluation. */
  public int operations() {
    int n = 0;
    for (Node node : nodes) {
      if (node instanceof Unary || node instanceof Binary || node instanceof Select) {
        n++;
      }
    }
    return n;
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder("{");
    for (int i = 0; i < nodes.size(); i++) {
      s.append('%').append(i).append(" = ").append(nodes.get(i)).append("; ");
    }
    s.append("yield");
    for (int i = 0; i < results.size(); i++) {
      s.append(i == 0 ? " %" : ", %").append(results.get(i));
    }
    return s.append('}').toString();
  }

  /** The expression that hands input 0 of {@code type} through. */
  public static Expr identity(DType type) {
    return new Expr(List.of(new Input(0, type)), List.of(0));
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Builds an expression, giving equal nodes the same position. Not for several threads. */
  public static final class Builder {
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Node, Integer> positions = new HashMap<>();

    public int add(Node node) {
      Integer at = positions.putIfAbsent(node, nodes.size());
      if (at != null) {
        return at;
      }
      nodes.add(node);
      return nodes.size() - 1;
    }

    public Node node(int node) {
      return nodes.get(node);
    }

    public DType type(int node) {
      return nodes.get(node).type();
    }

    public int input(int index, DType type) {
      return add(new Input(index, type));
    }

    public int constant(DType type, double value) {
      return add(Constant.of(type, value));
    }

    public int unary(UnaryOp op, int a) {
      DType type = op == UnaryOp.IS_NAN || op == UnaryOp.IS_FINITE ? DType.BOOL : type(a);
      return add(new Unary(op, a, type));
    }

    public int binary(BinaryOp op, int a, int b) {
      if (type(a) != type(b)) {
        throw new IllegalArgumentException(op + " of " + type(a) + " and " + type(b));
      }
      return add(new Binary(op, a, b, op.isComparison() ? DType.BOOL : type(a)));
    }

    public int select(int condition, int a, int b) {
      return add(new Select(condition, a, b, type(a)));
    }

    public int cast(int a, DType type) {
      return type(a) == type ? a : add(new Cast(a, type));
    }

    public Expr build(List<Integer> results) {
      return new Expr(nodes, results);
    }
  }
}
