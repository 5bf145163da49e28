package org.lathe.models.nn;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;

/**
 * A transposed convolution with square filters, which undoes the change of size of the convolution with the same options
 * (Zeiler et al. 2010): [batch, in, height, width] to [batch, out, (height - 1) stride + size - padding, ...].
 *
 * <p>Parameters: {@code weight} [in, out / groups, size, size], {@code bias} [out].
 */
public final class ConvTranspose2d extends Module implements Layer {
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private final Convolutions.Options options;
  private final long out;
  private final long size;

  /** With normal weights of deviation 0.02 (Radford et al. 2016) and a bias that begins at 0. */
  public ConvTranspose2d(long in, long out, long size, Convolutions.Options options) {
    this(in, out, size, options, Initializer.normal(0.02), Initializer.ZEROS);
  }

  /**
   * @param biases null for a layer without bias
   */
  public ConvTranspose2d(
      long in, long out, long size, Convolutions.Options options, Initializer weights, @Nullable Initializer biases) {
    this.options = options;
    this.out = out;
    this.size = size;
    weight = parameter("weight", weights, in, out / options.groups(), size, size);
    bias = biases == null ? null : parameter("bias", biases, out);
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor y = x.conv2dTransposed(weight.tensor(), options, Dims.of(x.dim(0), out, side(x, 0), side(x, 1)));
    return bias == null ? y : y.add(bias.tensor().reshape(-1, 1, 1));
  }

  private long side(Tensor x, int d) {
    return (x.dim(2 + d) - 1) * options.stride().get(d)
        + options.dilation().get(d) * (size - 1)
        + 1
        - options.padLow().get(d)
        - options.padHigh().get(d);
  }
}
