package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;

/**
 * A convolution with square filters: [batch, in, height, width] to [batch, out, height', width'].
 *
 * <p>Parameters: {@code weight} [out, in / groups, size, size], {@code bias} [out]; see also
 * {@link #spectral}.
 */
public final class Conv2d extends Module implements Layer {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final Convolutions.Options options;
  private @Nullable SpectralNorm spectral;

  /** With He's weights and a bias that begins at 0. */
  public Conv2d(long in, long out, long size, Convolutions.Options options) {
    this(in, out, size, options, Initializer.he(), Initializer.ZEROS);
  }

  /**
   * @param biases null for a layer without bias
   */
  public Conv2d(
      long in, long out, long size, Convolutions.Options options, Initializer weights, @Nullable Initializer biases) {
    if (in % options.groups() != 0 || out % options.groups() != 0) {
      throw new IllegalArgumentException(
          "a convolution from " + in + " to " + out + " channels cannot have " + options.groups() + " groups");
    }
    this.options = options;
    weight = parameter("weight", weights, out, in / options.groups(), size, size);
    bias = biases == null ? null : parameter("bias", biases, out);
  }

  /**
   * Makes this layer divide its filters by the largest singular value of their matrix [out, in * size * size], as child
   * {@code spectral}; this layer.
   */
  public Conv2d spectral() {
    spectral = child("spectral", new SpectralNorm(weight.type().dim(0)));
    return this;
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor filters = spectral == null ? weight.tensor() : spectral.apply(weight.tensor());
    Tensor y = x.conv2d(filters, options);
    return bias == null ? y : y.add(bias.tensor().reshape(-1, 1, 1));
  }
}
