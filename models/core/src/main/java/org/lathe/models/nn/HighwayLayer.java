package org.lathe.models.nn;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;

/**
 * A convolutional highway layer (Srivastava, Greff and Schmidhuber 2015): {@code H(x) T(x) + x (1 - T(x))} with
 * {@code H(x) = relu(conv(x))} and a transform gate {@code T(x) = sigmoid(conv(x))}, both 3x3: [batch, width, height, width]
 * to the same shape. A gate that is shut carries its input on as it is.
 *
 * <p>Parameters: {@code transform.weight}, {@code transform.bias}; {@code gate.weight}, {@code gate.bias}.
 */
public final class HighwayLayer extends Module implements Layer {
  private final Conv2d transform;
  private final Conv2d gate;

  /**
   * @param gateBias of the gates at the start: below 0 they begin nearly shut
   */
  public HighwayLayer(long width, double gateBias) {
    Convolutions.Options same = Convolutions.Options.of(1, 1);
    transform = child("transform", new Conv2d(width, width, 3, same));
    gate = child(
        "gate", new Conv2d(width, width, 3, same, Initializer.xavier(), Initializer.constant(gateBias)));
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor open = gate.apply(x).sigmoid();
    return x.add(open.mul(transform.apply(x).relu().sub(x)));
  }
}
