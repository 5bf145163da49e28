package org.lathe.models.nn;

import org.lathe.compiler.op.Normalisations;
import org.lathe.compiler.op.Tensor;

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016) over the last dimension: [.., width].
 *
 * <p>Parameters: {@code scale}, {@code shift} [width].
 */
public final class LayerNorm extends Module implements Layer {
  private static final double EPSILON = 1e-5;

  private final Parameter scale;
  private final Parameter shift;

  public LayerNorm(long width) {
    scale = parameter("scale", Initializer.ONES, width);
    shift = parameter("shift", Initializer.ZEROS, width);
  }

  @Override
  public Tensor apply(Tensor x) {
    return Normalisations.layerNorm(x, scale.tensor(), shift.tensor(), EPSILON);
  }
}
