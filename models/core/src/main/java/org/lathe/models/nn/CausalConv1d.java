package org.lathe.models.nn;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;

/**
 * A dilated causal convolution over time: [batch, in, steps] to [batch, out, steps]. An output depends on its own step and
 * {@code size - 1} earlier ones, {@code dilation} apart; before the first step stand zeros.
 *
 * <p>Parameters: {@code weight} [out, in, 1, size], {@code bias} [out].
 */
public final class CausalConv1d extends Module implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final Convolutions.Options options;

  /** With He's weights and a bias that begins at 0. */
  public CausalConv1d(long in, long out, long size, long dilation) {
    weight = parameter("weight", Initializer.he(), out, in, 1, size);
    bias = parameter("bias", Initializer.ZEROS, out);
    options = new Convolutions.Options(
        Dims.of(1, 1), Dims.of(0, (size - 1) * dilation), Dims.of(0, 0), Dims.of(1, dilation), 1);
  }

  @Override
  public Tensor apply(Tensor x) {
    return x.expandDims(2).conv2d(weight.tensor(), options).add(bias.tensor().reshape(-1, 1, 1)).squeeze(2);
  }
}
