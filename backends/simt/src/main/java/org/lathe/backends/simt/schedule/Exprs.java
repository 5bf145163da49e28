package org.lathe.backends.simt.schedule;

import java.util.ArrayList;
import java.util.List;
import org.lathe.backends.simt.ir.KernelBuilder;
import org.lathe.backends.simt.ir.Type;
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
      values.add(switch (node) {
        case Expr.Input in -> inputs.get(in.index());
        case Expr.Constant c -> new Value.Constant(Type.of(c.type().compute()), c.bits());
        case Expr.Index i -> Values.cast(coordinates.get(i.dim()), DType.I32);
        case Expr.Unary u -> k.let("t", Values.unary(u.op(), values.get(u.a())));
        case Expr.Binary b -> k.let("t", Values.binary(b.op(), values.get(b.a()), values.get(b.b())));
        case Expr.Select s ->
          k.let("t", Values.select(values.get(s.condition()), values.get(s.a()), values.get(s.b())));
        case Expr.Cast c -> k.let("t", cast(expr.nodes().get(c.a()), values.get(c.a()), c.type()));
      });
    }
    return expr.results().stream().map(values::get).toList();
  }

  /** A value of a half type is rounded when it is cast; a cast to one rounds as storing would, and stays f32. */
  private static Value cast(Expr.Node from, Value value, DType to) {
    if (from.type() == to) {
      return value;
    }
    boolean isHalf = from.type().compute() != from.type();
    boolean computed = !(from instanceof Expr.Input || from instanceof Expr.Cast);
    Value wide = Values.cast(isHalf && computed ? Halves.round(value, from.type()) : value, to.compute());
    return to.compute() == to ? wide : Halves.round(wide, to);
  }
}
