package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/**
 * RMSProp (Tieleman and Hinton 2012, lecture 6e): {@code s' = decay s + (1 - decay) g^2; p' = p - rate g / (sqrt(s') +
 * epsilon)}.
 *
 * @param decay in [0, 1)
 */
public record RmsProp(Schedule rate, double decay, double epsilon) implements Optimizer {
  public RmsProp(double rate) {
    this(Schedule.constant(rate));
  }

  public RmsProp(Schedule rate) {
    this(rate, 0.99, 1e-8);
  }

  @Override
  public List<Slot> slots() {
    return List.of(new Slot("square", 0));
  }

  @Override
  public Rule at(Tensor step) {
    Tensor now = rate.at(step);
    return (parameter, gradient, slots) -> {
      Tensor square = slots.getFirst().mul(decay).add(gradient.square().mul(1 - decay));
      return new Update(parameter.sub(gradient.mul(now).div(square.sqrt().add(epsilon))), List.of(square));
    };
  }
}
