package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/**
 * Gradient descent, with momentum (Polyak 1964) or Nesterov's accelerated gradient (Sutskever et al. 2013) as options.
 *
 * <p>{@code v' = momentum v + g; p' = p - rate v'}, and with Nesterov {@code p' = p - rate (g + momentum v')}. Over single
 * batches it is stochastic gradient descent; over the whole data, plain gradient descent.
 *
 * @param momentum in [0, 1); 0 keeps no slot
 */
public record Sgd(Schedule rate, double momentum, boolean nesterov) implements Optimizer {
  public Sgd {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException("momentum is in [0, 1), not " + momentum);
    }
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException("Nesterov's method needs a momentum above 0");
    }
  }

  public Sgd(double rate) {
    this(Schedule.constant(rate), 0, false);
  }

  public Sgd(double rate, double momentum) {
    this(Schedule.constant(rate), momentum, false);
  }

  @Override
  public List<Slot> slots() {
    return momentum == 0 ? List.of() : List.of(new Slot("momentum", 0));
  }

  @Override
  public Rule at(Tensor step) {
    Tensor now = rate.at(step);
    return (parameter, gradient, slots) -> {
      if (momentum == 0) {
        return new Update(parameter.sub(gradient.mul(now)), List.of());
      }
      Tensor velocity = slots.getFirst().mul(momentum).add(gradient);
      Tensor direction = nesterov ? gradient.add(velocity.mul(momentum)) : velocity;
      return new Update(parameter.sub(direction.mul(now)), List.of(velocity));
    };
  }
}
