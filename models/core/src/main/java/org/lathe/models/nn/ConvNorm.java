package org.lathe.models.nn;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;

/**
 * A convolution without bias, then batch norm: [batch, in, height, width] to [batch, out, height', width']. Odd filters are
 * padded so that stride 1 keeps the size.
 *
 * <p>Parameters: {@code conv.weight}; {@code norm.scale}, {@code norm.shift}, ...
 */
public final class ConvNorm extends Module implements Layer {
  private final Conv2d conv;
  private final BatchNorm norm;

  public ConvNorm(long in, long out, long size, long stride) {
    this(in, out, size, stride, 1);
  }

  /**
   * @param firstScale of the batch norm
   */
  public ConvNorm(long in, long out, long size, long stride, double firstScale) {
    this(in, out, size, stride, Initializer.he(), firstScale, 0);
  }

  /**
   * @param filters how they begin
   * @param firstScale of the batch norm
   * @param firstShift likewise
   */
  public ConvNorm(
      long in, long out, long size, long stride, Initializer filters, double firstScale, double firstShift) {
    conv = child("conv", new Conv2d(in, out, size, Convolutions.Options.of(stride, size / 2), filters, null));
    norm = child("norm", new BatchNorm(out, BatchNorm.MOMENTUM, firstScale, firstShift));
  }

  @Override
  public Tensor apply(Tensor x) {
    return norm.apply(conv.apply(x));
  }
}
