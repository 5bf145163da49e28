package org.lathe.compiler.pass;

import static org.lathe.compiler.pass.Match.fill;
import static org.lathe.compiler.pass.Match.is;
import static org.lathe.compiler.pass.Match.isFill;
import static org.lathe.compiler.pass.Match.operand;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.ir.Attributes;
import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.Value;
import org.lathe.compiler.op.Attentions;
import org.lathe.compiler.op.Elementwise;
import org.lathe.compiler.op.Linear;
import org.lathe.compiler.op.Movement;
import org.lathe.compiler.op.Softmaxes;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;

/**
 * {@code softmax(c * q k^T) v}, written out, becomes attention, which does not store the scores; c may be missing or a
 * divisor. Only where nothing else uses the scores or the probabilities, so not where a gradient was taken of them, and
 * only without a mask: attention gives zeros to a query that sees nothing, a softmax gives it NaN.
 */
public final class RaiseAttention implements Pass {

  /** Where the scores come from. */
  private record Scores(Value query, Value keyTransposed, double scale) {}

  @Override
  public String name() {
    return "raise-attention";
  }

  @Override
  public Graph apply(Graph graph) {
    Map<Value, Integer> uses = new HashMap<>();
    for (Node node : graph.nodes()) {
      node.inputs().forEach(v -> uses.merge(v, 1, Integer::sum));
    }
    graph.outputs().forEach(v -> uses.merge(v, 1, Integer::sum));
    return Rewriter.rewrite(graph, this, (node, in, b) -> {
      if (!node.is(Linear.MATMUL) || !isProbabilities(node.input(0), uses) || !is(in.get(0), Softmaxes.SOFTMAX)) {
        return null;
      }
      Scores scores = scores(operand(in.get(0), 0));
      return scores == null
          ? null
          : List.of(attention(scores, untransposed(scores.keyTransposed(), b), in.get(1), b));
    });
  }

  /** A softmax along the last axis of f32 or f64, used once, of scores that are used once. */
  private static boolean isProbabilities(Value p, Map<Value, Integer> uses) {
    int rank = p.type().rank();
    DType dtype = p.type().dtype();
    if (!is(p, Softmaxes.SOFTMAX) || (rank != 3 && rank != 4) || (dtype != DType.F32 && dtype != DType.F64)) {
      return false;
    }
    long axis = p.node().attributes().integer("axis");
    Value at = operand(p, 0);
    boolean once = uses.getOrDefault(p, 0) == 1 && (axis == rank - 1 || axis == -1);
    while (once && !is(at, Linear.MATMUL) && (is(at, Elementwise.MUL) || is(at, Elementwise.DIV))) {
      once = uses.getOrDefault(at, 0) == 1;
      at = isFill(operand(at, 0)) ? operand(at, 1) : operand(at, 0);
    }
    return once && uses.getOrDefault(at, 0) == 1;
  }

  private static @Nullable Scores scores(Value s) {
    if (is(s, Linear.MATMUL)) {
      return new Scores(operand(s, 0), operand(s, 1), 1);
    }
    boolean scaled = is(s, Elementwise.MUL) || is(s, Elementwise.DIV);
    if (scaled && isFill(operand(s, 1)) && is(operand(s, 0), Linear.MATMUL)) {
      double c = fill(operand(s, 1));
      Value product = operand(s, 0);
      return new Scores(operand(product, 0), operand(product, 1), is(s, Elementwise.MUL) ? c : 1 / c);
    }
    if (is(s, Elementwise.MUL) && isFill(operand(s, 0)) && is(operand(s, 1), Linear.MATMUL)) {
      Value product = operand(s, 1);
      return new Scores(operand(product, 0), operand(product, 1), fill(operand(s, 0)));
    }
    return null;
  }

  /** The keys behind their transposition, or one more transposition if it is mixed with others. */
  private static Value untransposed(Value keyTransposed, GraphBuilder b) {
    int rank = keyTransposed.type().rank();
    Dims swap = Dims.of();
    for (int d = 0; d < rank; d++) {
      swap = swap.insert(d, d < rank - 2 ? d : d == rank - 2 ? rank - 1 : rank - 2);
    }
    boolean undoes = is(keyTransposed, Movement.TRANSPOSE)
        && keyTransposed.node().attributes().dims("permutation").equals(swap);
    return undoes
        ? operand(keyTransposed, 0)
        : b.append(Movement.TRANSPOSE, List.of(keyTransposed), Attributes.of("permutation", swap)).output();
  }

  private static Value attention(Scores s, Value key, Value value, GraphBuilder b) {
    int rank = value.type().rank();
    List<Value> in = List.of(s.query(), key, value).stream().map(v -> rank == 4 ? v : withHeads(v, b)).toList();
    Attributes attributes = Attributes.of("causal", false, "scale", s.scale());
    Value result = b.append(Attentions.ATTENTION, in, attributes).output(0);
    return rank == 4 ? result : reshape(result, result.type().shape().remove(1), b);
  }

  private static Value withHeads(Value v, GraphBuilder b) {
    return reshape(v, v.type().shape().insert(1, 1), b);
  }

  private static Value reshape(Value v, Dims shape, GraphBuilder b) {
    return b.append(Movement.RESHAPE, List.of(v), Attributes.of("shape", shape)).output();
  }
}
