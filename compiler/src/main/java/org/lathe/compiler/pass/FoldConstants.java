package org.lathe.compiler.pass;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Lowering;
import org.lathe.compiler.op.OpDef;
import org.lathe.compiler.op.Rule;
import org.lathe.compiler.op.Sources;
import org.lathe.hal.Dims;

/**
 * Computes nodes whose operands are all constants, by their references. Constants of equal elements stay one element
 * however large their shape; others are folded only while they are small, since they are kept with the program.
 */
public final class FoldConstants implements Pass {
  private static final long MOST_ELEMENTS = 4096;

  @Override
  public String name() {
    return "fold-constants";
  }

  @Override
  public Graph apply(Graph graph) {
    return Rewriter.rewrite(graph, this, FoldConstants::fold);
  }

  private static @Nullable List<Value> fold(Node node, List<Value> operands, GraphBuilder b) {
    if (operands.isEmpty() || !operands.stream().allMatch(v -> v.node().is(Sources.CONSTANT))) {
      return null;
    }
    OpDef op = OpDef.of(node);
    List<Literal> literals = operands.stream().map(v -> v.node().attributes().literal("value")).toList();
    if (literals.stream().allMatch(Literal::isSplat) && node.types().size() == 1) {
      Literal splat = splat(op, literals, node);
      if (splat != null) {
        return List.of(constant(b, splat));
      }
    }
    long elements = 0;
    for (Literal l : literals) {
      elements += l.type().size();
    }
    for (TensorType t : node.types()) {
      elements += t.size();
    }
    if (elements > MOST_ELEMENTS || node.attributes().asMap().values().stream().anyMatch(a -> a instanceof Graph)) {
      return null;
    }
    List<Value> folded = new ArrayList<>();
    for (Literal l : op.reference().evaluate(literals, node.attributes())) {
      folded.add(constant(b, compact(l)));
    }
    return folded;
  }

  private static Value constant(GraphBuilder b, Literal literal) {
    return b.append(Sources.CONSTANT, List.of(), Attributes.of("value", literal)).output();
  }

  /** The result for operands of equal elements if its own are equal, without computing more than one. */
  private static @Nullable Literal splat(OpDef op, List<Literal> literals, Node node) {
    TensorType type = node.types().getFirst();
    if (!(op.lowering() instanceof Rule.Present<Lowering>(Lowering lowering))) {
      return null;
    }
    return switch (lowering) {
      case Lowering.Pointwise p -> {
        List<Literal> scalars = literals.stream().map(l -> Literal.scalar(l.type().dtype(), l.get(0))).toList();
        Literal one = op.reference().evaluate(scalars, node.attributes()).getFirst();
        yield Literal.splat(new TensorType(type.dtype(), type.shape()), one.get(0));
      }
      case Lowering.Movement(Lowering.MovementRule rule) -> {
        Literal l = literals.getFirst();
        boolean guarded = rule.map(l.type(), node.attributes(), type).guard() != null;
        yield guarded ? null : Literal.splat(type, l.get(0));
      }
      case Lowering.Reshape r -> Literal.splat(type, literals.getFirst().get(0));
      case Lowering.Identity i -> Literal.splat(type, literals.getFirst().get(0));
      default -> null;
    };
  }

  /** One element for all where they are the same, to the bit. */
  private static Literal compact(Literal l) {
    long n = l.type().size();
    if (n == 0 || l.isSplat()) {
      return n == 0 ? Literal.splat(l.type(), 0) : l;
    }
    for (long i = 1; i < n; i++) {
      if (Double.doubleToRawLongBits(l.get(i)) != Double.doubleToRawLongBits(l.get(0))) {
        return l;
      }
    }
    return Literal.splat(new TensorType(l.type().dtype(), Dims.of(l.type().shape().toArray())), l.get(0));
  }
}
