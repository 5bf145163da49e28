package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * A critic's score of features and a condition: a linear score, plus the product of the features with the condition's
 * embedding (Miyato and Koyama 2018). [batch, width] and [batch, condition] to [batch, 1].
 *
 * <p>Parameters: those of {@code score}, and {@code embedding.weight} [condition, width].
 */
public final class ProjectionScore extends Module {
  private final Linear score;
  private final Linear embedding;

  /**
   * @param width of the features
   * @param condition its width, such as the number of classes
   */
  public ProjectionScore(long width, long condition) {
    score = child("score", new Linear(width, 1));
    embedding = child("embedding", new Linear(condition, width, Initializer.xavier(), null));
  }

  /** Makes both layers divide their weights by the largest singular value; this module. */
  public ProjectionScore spectral() {
    score.spectral();
    embedding.spectral();
    return this;
  }

  public Tensor apply(Tensor features, Tensor condition) {
    Tensor product = features.mul(embedding.apply(condition)).sum(1).reshape(-1, 1);
    return score.apply(features).add(product);
  }
}
