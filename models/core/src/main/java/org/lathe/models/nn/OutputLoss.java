package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/** What a hidden state costs that should tell a symbol: a way to train a distribution over many symbols. */
public interface OutputLoss {
  /**
   * One loss for each label, [batch].
   *
   * @param hidden [batch, width]
   * @param labels i32 [batch]
   */
  Tensor losses(Tensor hidden, Tensor labels);

  /** What it has learned of all symbols, [batch, symbols], in nats. */
  Tensor logProbabilities(Tensor hidden);
}
