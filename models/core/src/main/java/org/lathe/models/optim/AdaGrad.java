package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/**
 * AdaGrad (Duchi, Hazan and Singer 2011): {@code s' = s + g^2; p' = p - rate g / (sqrt(s') + epsilon)}.
 */
public record AdaGrad(Schedule rate, double epsilon) implements Optimizer {
  public AdaGrad(double rate) {
    this(Schedule.constant(rate), 1e-10);
  }

  @Override
  public List<Slot> slots() {
    return List.of(new Slot("sum", 0));
  }

  @Override
  public Rule at(Tensor step) {
    Tensor now = rate.at(step);
    return (parameter, gradient, slots) -> {
      Tensor sum = slots.getFirst().add(gradient.square());
      return new Update(parameter.sub(gradient.mul(now).div(sum.sqrt().add(epsilon))), List.of(sum));
    };
  }
}
