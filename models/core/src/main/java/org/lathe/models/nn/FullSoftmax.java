package org.lathe.models.nn;

import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;

/**
 * The softmax of products with all symbols, without a bias.
 *
 * <p>Parameter: {@code weight} [symbols, width], 0 at first.
 */
public final class FullSoftmax extends Module implements OutputLoss {
  private final Parameter weight;

  public FullSoftmax(long symbols, long width) {
    weight = parameter("weight", Initializer.ZEROS, symbols, width);
  }

  @Override
  public Tensor losses(Tensor hidden, Tensor labels) {
    return LossOps.softmaxCrossEntropy(hidden.matmul(weight.tensor().transpose()), labels);
  }

  @Override
  public Tensor logProbabilities(Tensor hidden) {
    return hidden.matmul(weight.tensor().transpose()).logSoftmax(1);
  }
}
