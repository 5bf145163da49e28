package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * Instance normalisation (Ulyanov, Vedaldi and Lempitsky 2016) of [batch, channels, height, width]: each map of each example
 * gets mean 0 and variance 1. Without parameters.
 */
public final class InstanceNorm implements Layer {
  private static final double EPSILON = 1e-5;

  @Override
  public Tensor apply(Tensor x) {
    Tensor centred = x.sub(x.keepAxes(x.mean(2, 3), 2, 3));
    Tensor variance = centred.square().mean(2, 3);
    return centred.mul(x.keepAxes(variance.add(EPSILON).rsqrt(), 2, 3));
  }
}
