package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/**
 * {@code x W + b}: [.., in] to [.., out].
 *
 * <p>Parameters: {@code weight} [in, out], {@code bias} [out].
 */
public final class Linear extends Module implements Layer {
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /** With Glorot's weights and a bias that begins at 0. */
  public Linear(long in, long out) {
    this(in, out, Initializer.xavier(), Initializer.ZEROS);
  }

  public Linear(long in, long out, Initializer weights) {
    this(in, out, weights, Initializer.ZEROS);
  }

  /**
   * @param biases null for a layer without bias
   */
  public Linear(long in, long out, Initializer weights, @Nullable Initializer biases) {
    weight = parameter("weight", weights, in, out);
    bias = biases == null ? null : parameter("bias", biases, out);
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor y = x.matmul(weight.tensor());
    return bias == null ? y : y.add(bias.tensor());
  }

  public Parameter weight() {
    return weight;
  }

  /**
   * @throws IllegalStateException if the layer has none
   */
  public Parameter bias() {
    if (bias == null) {
      throw new IllegalStateException("this layer has no bias");
    }
    return bias;
  }
}
