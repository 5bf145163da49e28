package org.lathe.models.nn;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;

/**
 * What turns features of pixels into logits of their levels: two layers of each pixel alone, [batch, in, height, width] to
 * [batch, levels, height, width], each after a ReLU.
 *
 * <p>Parts: {@code in}, {@code out}.
 */
public final class PixelHead extends Module implements Layer {
  private final Conv2d in;
  private final Conv2d out;

  public PixelHead(long features, long hidden, long levels) {
    in = child("in", new Conv2d(features, hidden, 1, Convolutions.Options.DEFAULT));
    // Small weights: a net that knows nothing yet calls all levels alike.
    out = child(
        "out",
        new Conv2d(hidden, levels, 1, Convolutions.Options.DEFAULT, Initializer.normal(0.02), Initializer.ZEROS));
  }

  @Override
  public Tensor apply(Tensor x) {
    return out.apply(in.apply(x.relu()).relu());
  }
}
