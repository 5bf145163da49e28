package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * A row of a table for each token: i32 or i64 [..] to [.., width].
 *
 * <p>Parameter: {@code weight} [tokens, width].
 */
public final class Embedding extends Module implements Layer {
  private final Parameter weight;

  /** With standard normal rows. */
  public Embedding(long tokens, long width) {
    this(tokens, width, Initializer.normal(1));
  }

  public Embedding(long tokens, long width, Initializer weights) {
    weight = parameter("weight", weights, tokens, width);
  }

  @Override
  public Tensor apply(Tensor tokens) {
    return weight.tensor().gather(tokens);
  }

  public Parameter weight() {
    return weight;
  }
}
