package org.lathe.compiler.pass;

import static org.lathe.compiler.pass.Match.is;
import static org.lathe.compiler.pass.Match.isFilledWith;
import static org.lathe.compiler.pass.Match.operand;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Elementwise;
import org.lathe.compiler.op.OpDef;

/**
 * Finds work that has a name, and a better form than the one written: {@code 1 / (1 + exp(-x))} is a sigmoid, which does
 * not overflow; {@code log(1 + x)} and {@code exp(x) - 1} keep their precision near 0.
 */
public final class RaisePatterns implements Pass {
  @Override
  public String name() {
    return "raise-patterns";
  }

  @Override
  public Graph apply(Graph graph) {
    return Rewriter.rewrite(
        graph,
        this,
        (node, in, b) -> {
          Value v = raised(node, in, b);
          return v == null ? null : List.of(v);
        });
  }

  private static @Nullable Value raised(Node node, List<Value> in, GraphBuilder b) {
    if (node.is(Elementwise.RECIPROCAL)) {
      return sigmoid(in.getFirst(), b);
    }
    if (node.is(Elementwise.DIV) && isFilledWith(in.get(0), 1)) {
      return sigmoid(in.get(1), b);
    }
    if (node.is(Elementwise.LOG) && is(in.getFirst(), Elementwise.ADD)) {
      Value x = besidesOne(in.getFirst());
      return x == null ? null : apply(b, Elementwise.LOG1P, x);
    }
    if (node.is(Elementwise.SUB) && isFilledWith(in.get(1), 1) && is(in.getFirst(), Elementwise.EXP)) {
      return apply(b, Elementwise.EXPM1, operand(in.getFirst(), 0));
    }
    return null;
  }

  /** The sigmoid whose denominator is {@code 1 + exp(-x)}. */
  private static @Nullable Value sigmoid(Value denominator, GraphBuilder b) {
    if (!is(denominator, Elementwise.ADD)) {
      return null;
    }
    Value e = besidesOne(denominator);
    if (e == null || !is(e, Elementwise.EXP)) {
      return null;
    }
    Value exponent = operand(e, 0);
    Value x = is(exponent, Elementwise.NEG) ? operand(exponent, 0) : apply(b, Elementwise.NEG, exponent);
    return apply(b, Elementwise.SIGMOID, x);
  }

  /** The other operand of an addition of 1. */
  private static @Nullable Value besidesOne(Value sum) {
    if (isFilledWith(operand(sum, 0), 1)) {
      return operand(sum, 1);
    }
    return isFilledWith(operand(sum, 1), 1) ? operand(sum, 0) : null;
  }

  private static Value apply(GraphBuilder b, OpDef op, Value x) {
    return b.append(op, List.of(x), Attributes.NONE).output();
  }
}
