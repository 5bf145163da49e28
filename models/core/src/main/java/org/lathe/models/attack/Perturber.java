package org.lathe.models.attack;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;

/**
 * A generator of perturbations (Lee, Han and Lee 2017): sees a picture and the sign of the slope of the classifier's loss
 * at each pixel, and says how to change the pixels, each by at most {@code epsilon}. It is trained to make the classifier err.
 *
 * <p>[batch, channels, side, side] through three 3 x 3 convolutions, ReLU between them and tanh behind, to the same shape.
 * It differs from the paper in that it sees the slope's sign alone, and in that its strength is bounded by the tanh and not
 * by a penalty, so that it can be compared with attacks of the same bound.
 */
public final class Perturber extends Module implements Attack {
  private static final Convolutions.Options SAME = Convolutions.Options.of(1, 1);

  private final double epsilon;
  private final Conv2d first;
  private final Conv2d second;
  private final Conv2d last;

  /**
   * @param width of the hidden layers, in channels
   */
  public Perturber(long channels, long width, double epsilon) {
    this.epsilon = epsilon;
    first = child("first", new Conv2d(2 * channels, width, 3, SAME));
    second = child("second", new Conv2d(width, width, 3, SAME));
    last = child("last", new Conv2d(width, channels, 3, SAME));
  }

  /** As {@link #on}, but the gradient flows to the generator's parameters: what they are trained with. */
  public Tensor perturb(Layer classifier, Tensor image, Tensor label) {
    Tensor seen = Tensor.concat(1, image.sub(0.5), Attack.slope(classifier, image, label).sign());
    Tensor h = second.apply(first.apply(seen).relu()).relu();
    return image.add(last.apply(h).tanh().mul(epsilon)).clamp(0, 1);
  }

  @Override
  public Tensor on(Layer classifier, Tensor image, Tensor label) {
    return perturb(classifier, image, label).stopGradient();
  }
}
