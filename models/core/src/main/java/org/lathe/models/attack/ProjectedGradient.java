package org.lathe.models.attack;

import java.util.List;
import org.lathe.compiler.op.ControlFlow;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Layer;

/**
 * Projected gradient ascent on the classifier's loss (Madry et al. 2018): from a random point near the picture, steps along
 * the gradient's sign, each projected back to where no pixel has moved by more than {@code epsilon}. A loop on the device.
 *
 * @param rate of one step, in pixel values
 */
public record ProjectedGradient(double epsilon, double rate, int steps) implements Attack {
  public ProjectedGradient {
    if (steps < 1) {
      throw new IllegalArgumentException("an attack takes at least one step, not " + steps);
    }
  }

  @Override
  public Tensor on(Layer classifier, Tensor image, Tensor label) {
    Tensor fixed = image.stopGradient();
    Tensor start = fixed.add(Forward.current().uniform(fixed.shape()).mul(2 * epsilon).sub(epsilon)).clamp(0, 1);
    return ControlFlow.repeat(
        List.of(start),
        steps,
        c -> {
          Tensor at = c.getFirst();
          Tensor moved = at.add(Attack.slope(classifier, at, label).sign().mul(rate));
          return new ControlFlow.Step(List.of(Attack.within(epsilon, fixed, moved)), List.of());
        }).carry().stopGradient();
  }
}
