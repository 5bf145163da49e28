package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/** Enlarges pictures by repeating each pixel: [batch, channels, height, width] to [.., height factor, width factor]. */
public record Upsampling(long factor) implements Layer {
  public Upsampling {
    if (factor < 1) {
      throw new IllegalArgumentException("pictures are enlarged by a factor of at least 1, not " + factor);
    }
  }

  @Override
  public Tensor apply(Tensor x) {
    long height = x.dim(2);
    long width = x.dim(3);
    return x.reshape(x.dim(0), x.dim(1), height, 1, width, 1)
        .broadcastTo(x.dim(0), x.dim(1), height, factor, width, factor)
        .reshape(x.dim(0), x.dim(1), height * factor, width * factor);
  }
}
