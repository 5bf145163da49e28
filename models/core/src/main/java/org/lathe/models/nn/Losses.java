package org.lathe.models.nn;

import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/** Losses made of {@link LossOps}, and what is measured in their place. */
public final class Losses {
  private Losses() {}

  /**
   * Cross-entropy against labels of which a part is spread over all classes (Szegedy et al. 2016), [batch].
   *
   * @param logits [batch, classes]
   * @param labels i32 [batch]
   * @param smoothing the part, in [0, 1)
   */
  public static Tensor smoothedCrossEntropy(Tensor logits, Tensor labels, double smoothing) {
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new IllegalArgumentException("label smoothing is in [0, 1), not " + smoothing);
    }
    long classes = logits.dim(logits.rank() - 1);
    Tensor targets = labels.oneHot(classes, DType.F32).mul(1 - smoothing).add(smoothing / classes);
    return LossOps.softmaxCrossEntropyOfProbabilities(logits, targets);
  }

  /**
   * The Kullback-Leibler divergence of the softmax of q from the softmax of p, over the last axis, in nats.
   *
   * @param p logits [.., classes]
   * @param q logits [.., classes]
   */
  public static Tensor klDivergence(Tensor p, Tensor q) {
    int last = p.rank() - 1;
    Tensor logP = p.logSoftmax(last);
    return logP.exp().mul(logP.sub(q.logSoftmax(last))).sum(last);
  }

  /** 1 where the largest score is not the label's, else 0: [batch]. It has no gradient. */
  public static Tensor zeroOne(Tensor scores, Tensor labels) {
    return scores.argMax(scores.rank() - 1).notEqualTo(labels).cast(DType.F32);
  }

  /** The mean of those losses whose mask is 1, a scalar; 0 if there is none. */
  public static Tensor maskedMean(Tensor losses, Tensor mask) {
    return losses.mul(mask).sum().div(mask.sum().maximum(1));
  }
}
