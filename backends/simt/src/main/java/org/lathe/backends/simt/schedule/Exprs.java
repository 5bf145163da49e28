package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Value;
import org.lathe.backends.simt.ir.Values;
import org.lathe.hal.DType;
import org.lathe.hal.expr.Expr;

/** Scalar expressions of specs as values of kernels. */
final class Exprs {
  private Exprs() {}

  /**
   * Writes the expression and gives its results. Each may have several lanes; results that depend on nothing with lanes
   * are scalars.
   *
   * @param inputs the values of its inputs, of their dtypes' compute types
   * @param coordinates the index along each dimension
   */
  static List<Value> write(KernelBuilder k, Expr expr, List<Value> inputs, List<Value> coordinates) {
    List<Value> values = new ArrayList<>();
    for (Expr.Node node : expr.nodes()) {
      values.add(node instanceof Expr.Input in
          ? inputs.get(in.index())
          : node(k, expr, node, node.operands().stream().map(values::get).toList(), coordinates));
    }
    return expr.results().stream().map(values::get).toList();
  }

  /** The value of one node of {@code expr} that is no input. */
  static Value node(
      KernelBuilder k, Expr expr, Expr.Node node, List<Value> operands, List<Value> coordinates) {
    return switch (node) {
      case Expr.Input in -> throw new IllegalArgumentException(in + " has no value of its own");
      case Expr.Constant c -> Halves.constant(c);
      case Expr.Index i -> Values.cast(coordinates.get(i.dim()), DType.I32);
      case Expr.Unary u -> k.let("t", Values.unary(u.op(), operands.get(0)));
      case Expr.Binary b -> k.let("t", Values.binary(b.op(), operands.get(0), operands.get(1)));
      case Expr.Select s -> k.let("t", Values.select(operands.get(0), operands.get(1), operands.get(2)));
      case Expr.Cast c -> k.let("t", cast(k, expr.nodes().get(c.a()), operands.get(0), c.type()));
    };
  }

  /** A value of a half type is rounded when it is cast; a cast to one rounds as storing would, and stays f32. */
  private static Value cast(KernelBuilder k, Expr.Node from, Value value, DType to) {
    if (from.type() == to) {
      return value;
    }
    boolean isHalf = from.type().compute() != from.type();
    boolean computed = !(from instanceof Expr.Input || from instanceof Expr.Cast);
    Value wide = Values.cast(isHalf && computed ? Halves.round(k.let("h", value), from.type()) : value, to.compute());
    return to.compute() == to ? wide : Halves.round(k.let("h", wide), to);
  }
}
