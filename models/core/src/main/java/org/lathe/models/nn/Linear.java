package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;

/**
 * {@code x W + b}: [.., in] to [.., out].
 *
 * <p>Parameters: {@code weight} [in, out], {@code bias} [out]; see also {@link #spectral}.
 */
public final class Linear extends Module implements Layer {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private @Nullable SpectralNorm spectral;

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

  /** Makes this layer divide its weight by the largest singular value, as child {@code spectral}; this layer. */
  public Linear spectral() {
    spectral = child("spectral", new SpectralNorm(weight.type().dim(0)));
    return this;
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor y = x.matmul(spectral == null ? weight.tensor() : spectral.apply(weight.tensor()));
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
