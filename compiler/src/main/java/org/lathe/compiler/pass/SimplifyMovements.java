package org.lathe.compiler.pass;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.AccessMap;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.Movement;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Rule;
import org.lathe.hal.Dims;

/**
 * Movements that move nothing go, and marks that only differentiation reads; two reshapes, transpositions or broadcasts in a
 * row become one.
 */
public final class SimplifyMovements implements Pass {
  @Override
  public String name() {
    return "simplify-movements";
  }

  @Override
  public Graph apply(Graph graph) {
    return Rewriter.rewrite(
        graph,
        this,
        (node, in, b) -> {
          if (in.size() != 1 || node.types().size() != 1) {
            return null;
          }
          Value v = movesNothing(node, in.getFirst()) ? in.getFirst() : composed(node, in.getFirst(), b);
          return v == null ? null : List.of(v);
        });
  }

  private static boolean movesNothing(Node node, Value x) {
    if (!x.type().equals(node.output().type())
        || !(OpDef.of(node).lowering() instanceof Rule.Present<Lowering>(Lowering lowering))) {
      return false;
    }
    return switch (lowering) {
      case Lowering.Reshape r -> true;
      case Lowering.Identity i -> true;
      case Lowering.Movement(Lowering.MovementRule rule) -> isIdentity(
          rule.map(x.type(), node.attributes(), node.output().type()), x.type().shape());
      default -> false;
    };
  }

  private static boolean isIdentity(AccessMap map, Dims shape) {
    AccessMap.Axis none = AccessMap.Axis.fixed(0);
    for (int j = 0; j < shape.rank(); j++) {
      AccessMap.Axis axis = map.axes().get(j);
      boolean stays = axis.equals(AccessMap.Axis.of(j)) || (shape.get(j) == 1 && axis.equals(none));
      if (!stays) {
        return false;
      }
    }
    if (map.guard() == null) {
      return true;
    }
    for (int d = 0; d < shape.rank(); d++) {
      if (map.guard().low().get(d) > 0 || map.guard().high().get(d) < shape.get(d)) {
        return false;
      }
    }
    return true;
  }

  private static @Nullable Value composed(Node node, Value x, GraphBuilder b) {
    if (x.node().inputs().isEmpty()) {
      return null;
    }
    Value source = x.node().input(0);
    Attributes outer = node.attributes();
    Attributes inner = x.node().attributes();
    if (node.is(Movement.RESHAPE) && x.node().is(Movement.RESHAPE)) {
      return b.append(Movement.RESHAPE, List.of(source), outer).output();
    }
    if (node.is(Movement.TRANSPOSE) && x.node().is(Movement.TRANSPOSE)) {
      Dims first = inner.dims("permutation");
      Dims both = outer.dims("permutation").map(d -> first.get((int) d));
      return b.append(Movement.TRANSPOSE, List.of(source), Attributes.of("permutation", both)).output();
    }
    if (node.is(Movement.BROADCAST) && x.node().is(Movement.BROADCAST)) {
      Dims second = outer.dims("dims");
      Dims both = inner.dims("dims").map(d -> second.get((int) d));
      return b.append(Movement.BROADCAST, List.of(source), outer.with("dims", both)).output();
    }
    return node.is(Movement.BROADCAST) && x.node().is(Movement.RESHAPE) ? ofReshape(node, x, source, b) : null;
  }

  /** A broadcast of a reshape that only adds or drops dimensions of size 1 is a broadcast of the reshape's input. */
  private static @Nullable Value ofReshape(Node node, Value x, Value source, GraphBuilder b) {
    Dims from = source.type().shape();
    Dims to = x.type().shape();
    Dims dims = node.attributes().dims("dims");
    Dims found = Dims.of();
    int at = 0;
    for (int i = 0; i < from.rank(); i++) {
      if (from.get(i) == 1) {
        return null;
      }
      while (at < to.rank() && to.get(at) == 1) {
        at++;
      }
      if (at == to.rank() || to.get(at) != from.get(i)) {
        return null;
      }
      found = found.insert(found.rank(), dims.get(at++));
    }
    for (; at < to.rank(); at++) {
      if (to.get(at) != 1) {
        return null;
      }
    }
    return b.append(Movement.BROADCAST, List.of(source), node.attributes().with("dims", found)).output();
  }
}
