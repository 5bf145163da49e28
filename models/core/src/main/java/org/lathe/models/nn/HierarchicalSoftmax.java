package org.lathe.models.nn;

import org.lathe.compiler.ir.GraphBuilder;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/**
 * A distribution over symbols as turns in a binary tree (Morin and Bengio 2005; its tree a Huffman code: Mikolov et al.
 * 2013): at each inner node n on the way to a symbol, the turn is 0 with probability sigmoid(h w_n). A symbol costs as many
 * products as its code has bits.
 *
 * <p>Parameter: {@code weight} [symbols - 1, width], a row for each inner node, 0 at first.
 */
public final class HierarchicalSoftmax extends Module implements OutputLoss {
  private final Huffman code;
  private final Parameter weight;

  public HierarchicalSoftmax(Huffman code, long width) {
    this.code = code;
    weight = parameter("weight", Initializer.ZEROS, code.nodes(), width);
  }

  @Override
  public Tensor losses(Tensor hidden, Tensor labels) {
    Tensor nodes = nodes(hidden.builder()).gather(labels);
    Tensor signs = signs(hidden.builder()).gather(labels);
    Tensor scores = weight.tensor().gather(nodes).mul(hidden.expandDims(1)).sum(2);
    return scores.mul(signs).neg().softplus().mul(signs.abs()).sum(1);
  }

  @Override
  public Tensor logProbabilities(Tensor hidden) {
    Tensor scores = hidden.matmul(weight.tensor().transpose());
    Tensor onPaths = scores.transpose().gather(nodes(hidden.builder())).permute(2, 0, 1);
    Tensor signs = signs(hidden.builder());
    return onPaths.mul(signs).neg().softplus().mul(signs.abs()).sum(2).neg();
  }

  /** [symbols, depth]: the inner nodes on the way to each symbol; 0 after its end, where the sign is 0 too. */
  private Tensor nodes(GraphBuilder builder) {
    double[] values = new double[code.symbols() * code.depth()];
    for (int s = 0; s < code.symbols(); s++) {
      int[] path = code.paths().get(s);
      for (int d = 0; d < path.length; d++) {
        values[s * code.depth() + d] = path[d];
      }
    }
    return Tensor.constant(
        builder, Literal.of(TensorType.of(DType.I32, code.symbols(), code.depth()), values));
  }

  /** [symbols, depth]: 1 for turn 0, -1 for turn 1, 0 after a code's end. */
  private Tensor signs(GraphBuilder builder) {
    double[] values = new double[code.symbols() * code.depth()];
    for (int s = 0; s < code.symbols(); s++) {
      boolean[] turns = code.turns().get(s);
      for (int d = 0; d < turns.length; d++) {
        values[s * code.depth() + d] = turns[d] ? -1 : 1;
      }
    }
    return Tensor.constant(
        builder, Literal.of(TensorType.of(DType.F32, code.symbols(), code.depth()), values));
  }
}
