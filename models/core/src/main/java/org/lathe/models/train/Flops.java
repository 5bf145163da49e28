package org.lathe.models.train;

import org.lathe.compiler.ir.Graph;
import org.lathe.compiler.ir.InputOp;
import org.lathe.compiler.ir.Node;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Attentions;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Linear;
import org.lathe.compiler.op.Recurrences;

/**
 * The arithmetic of a graph: products, convolutions, recurrences and attention, a multiply-add counting as two, over all
 * steps of loops and in the dearer branch of a choice. What is element-wise does not count; causal attention counts only the pairs that its mask keeps.
 */
public final class Flops {
  private Flops() {}

  public static long of(Graph graph) {
    return graph.nodes().stream().mapToLong(Flops::of).sum();
  }

  private static long of(Node node) {
    if (node.is(InputOp.INSTANCE)) {
      return 0;
    }
    if (node.is(Linear.MATMUL)) {
      return 2 * node.output().type().size() * in(node, 0).dim(in(node, 0).rank() - 1);
    }
    if (node.is(Convolutions.CONV2D)) {
      return convolution(node.output().type(), in(node, 1));
    }
    if (node.is(Convolutions.CONV2D_DATA_GRADIENT)) {
      return convolution(in(node, 0), in(node, 1));
    }
    if (node.is(Convolutions.CONV2D_FILTER_GRADIENT)) {
      return convolution(in(node, 1), node.output().type());
    }
    if (node.is(Recurrences.PLAIN_SEQUENCE) || node.is(Recurrences.LSTM_SEQUENCE)
        || node.is(Recurrences.GRU_SEQUENCE)) {
      return 2 * in(node, 0).size() * node.output(0).type().dim(2);
    }
    if (node.is(Recurrences.PLAIN_SEQUENCE_GRADIENT)
        || node.is(Recurrences.LSTM_SEQUENCE_GRADIENT)
        || node.is(Recurrences.GRU_SEQUENCE_GRADIENT)) {
      return 2 * node.output(0).type().size() * in(node, 1).dim(1);
    }
    if (node.is(Attentions.ATTENTION) || node.is(Attentions.BIASED_ATTENTION)) {
      return attention(node);
    }
    if (node.is(Attentions.ATTENTION_GRADIENT) || node.is(Attentions.BIASED_ATTENTION_GRADIENT)) {
      return 2 * attention(node);
    }
    if (node.is(ControlFlow.SCAN)) {
      return node.attributes().integer("length") * of(node.attributes().graph("body"));
    }
    if (node.is(ControlFlow.COND)) {
      return Math.max(of(node.attributes().graph("then")), of(node.attributes().graph("otherwise")));
    }
    return 0;
  }

  private static TensorType in(Node node, int i) {
    return node.input(i).type();
  }

  private static long convolution(TensorType result, TensorType filters) {
    return 2 * result.size() * filters.size() / Math.max(1, filters.dim(0));
  }

  private static long attention(Node node) {
    TensorType q = in(node, 0);
    TensorType v = in(node, 2);
    long keys = v.dim(2);
    boolean square = node.attributes().flag("causal") && q.dim(2) == keys;
    long pairs = q.dim(0) * q.dim(1) * (square ? keys * (keys + 1) / 2 : q.dim(2) * keys);
    return 2 * pairs * (q.dim(3) + v.dim(3));
  }
}
