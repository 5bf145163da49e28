package org.lathe.models.optim;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/**
 * Adam (Kingma and Ba 2015), and AdamW (Loshchilov and Hutter 2019) where {@code weightDecay} is above 0.
 *
 * <pre>m' = beta1 m + (1 - beta1) g;  v' = beta2 v + (1 - beta2) g^2
 * p' = p - rate (m' / (1 - beta1^t) / (sqrt(v' / (1 - beta2^t)) + epsilon) + weightDecay p),  t = 1, 2, ...</pre>
 *
 * The decay falls on matrices and filters only, not on biases and scales, which the paper leaves open.
 */
public record Adam(Schedule rate, double beta1, double beta2, double epsilon, double weightDecay)
    implements
      Optimizer {
  public Adam {
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
      throw new IllegalArgumentException("Adam's betas are in [0, 1), not " + beta1 + " and " + beta2);
    }
  }

  public Adam(double rate) {
    this(Schedule.constant(rate));
  }

  public Adam(Schedule rate) {
    this(rate, 0.9, 0.999, 1e-8, 0);
  }

  public Adam withBetas(double newBeta1, double newBeta2) {
    return new Adam(rate, newBeta1, newBeta2, epsilon, weightDecay);
  }

  /** AdamW. */
  public Adam withWeightDecay(double decay) {
    return new Adam(rate, beta1, beta2, epsilon, decay);
  }

  @Override
  public List<Slot> slots() {
    return List.of(new Slot("mean", 0), new Slot("square", 0));
  }

  @Override
  public Rule at(Tensor step) {
    Tensor t = step.add(1);
    Tensor now = rate.at(step);
    Tensor root = remaining(beta2, t).sqrt();
    Tensor scaled = now.mul(root).div(remaining(beta1, t));
    Tensor floor = root.mul(epsilon);
    return (parameter, gradient, slots) -> {
      Tensor mean = slots.get(0).mul(beta1).add(gradient.mul(1 - beta1));
      Tensor square = slots.get(1).mul(beta2).add(gradient.square().mul(1 - beta2));
      Tensor moved = parameter.sub(mean.mul(scaled).div(square.sqrt().add(floor)));
      boolean decays = weightDecay != 0 && parameter.rank() >= 2;
      return new Update(decays ? moved.sub(parameter.mul(now.mul(weightDecay))) : moved, List.of(mean, square));
    };
  }

  /** {@code 1 - beta^t}, without cancellation for a beta near 1. */
  private static Tensor remaining(double beta, Tensor t) {
    return beta == 0 ? t.like(1) : t.mul(Math.log(beta)).expm1().neg();
  }
}
