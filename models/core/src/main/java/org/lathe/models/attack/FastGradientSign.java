package org.lathe.models.attack;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Layer;

/**
 * The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015): each pixel moves by {@code epsilon} in the direction
 * in which the classifier's loss rises.
 */
public record FastGradientSign(double epsilon) implements Attack {
  @Override
  public Tensor on(Layer classifier, Tensor image, Tensor label) {
    return image.add(Attack.slope(classifier, image, label).sign().mul(epsilon)).clamp(0, 1).stopGradient();
  }
}
