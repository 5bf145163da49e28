package org.lathe.models.attack;

import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Layer;

/** Changes pictures a little so that a classifier, whose parameters the attacker knows, takes them for something else. */
@FunctionalInterface
public interface Attack {
  /** Leaves pictures as they are. */
  Attack NONE = (classifier, image, label) -> image;

  /**
   * Traces the attack. The classifier is applied as in an inference: nothing drops, batch norm uses its running means.
   *
   * @param classifier from pictures to logits [batch, classes]
   * @param image f32 [batch, ..] in 0..1
   * @param label i32 [batch], the true classes
   * @return pictures of the shape of {@code image}, in 0..1; no gradient flows through them
   */
  Tensor on(Layer classifier, Tensor image, Tensor label);

  /** The slope of the classifier's cross-entropy along each pixel, of the shape of {@code image}; it is a constant. */
  static Tensor slope(Layer classifier, Tensor image, Tensor label) {
    Tensor from = image.stopGradient();
    Tensor loss = Forward.current()
        .inferring(() -> LossOps.softmaxCrossEntropy(classifier.apply(from), label).sum());
    return Gradients.gradient(loss, from).stopGradient();
  }

  /** The nearest pictures that differ from {@code image} by at most {@code epsilon} in each pixel and lie in 0..1. */
  static Tensor within(double epsilon, Tensor image, Tensor attacked) {
    return attacked.maximum(image.sub(epsilon)).minimum(image.add(epsilon)).clamp(0, 1);
  }
}
