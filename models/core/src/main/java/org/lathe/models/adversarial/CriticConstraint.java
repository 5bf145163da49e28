package org.lathe.models.adversarial;

import java.util.Arrays;
import java.util.function.Function;
import org.lathe.compiler.op.Gradients;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.StepContext;

/**
 * What keeps a critic's slope bounded. A critic's layers may also be constrained by themselves, with
 * {@link org.lathe.models.nn.SpectralNorm}. Stateless; any thread.
 */
public sealed interface CriticConstraint {
  /** None. */
  CriticConstraint NONE = new None();

  /** {@code loss} with what the constraint adds to it. */
  default Tensor addTo(Tensor loss, Function<Sample, Tensor> judge, Sample real, Sample fake) {
    return loss;
  }

  /** What is done to the critic's parameters after its update. */
  default void constrain(StepContext c, Module critic) {}

  /** See {@link #NONE}. */
  record None() implements CriticConstraint {}

  /**
   * Each trained parameter is clipped into [-limit, limit] after each update (Arjovsky, Chintala and Bottou 2017).
   *
   * @param limit above 0
   */
  record WeightClipping(double limit) implements CriticConstraint {
    public WeightClipping {
      if (!(limit > 0)) {
        throw new IllegalArgumentException("weights are clipped to a limit above 0, not " + limit);
      }
    }

    @Override
    public void constrain(StepContext c, Module critic) {
      critic.parameters().values().stream().filter(Parameter::isTrained)
          .forEach(p -> c.assign(p, p.tensor().clamp(-limit, limit)));
    }
  }

  /**
   * Adds {@code weight * mean((|slope| - target)^2)}, the slope being that of the score with respect to the example, at
   * random points between real and made examples (Gulrajani et al. 2017). It needs second-order gradients. A point's
   * condition is the real example's.
   */
  record GradientPenalty(double weight, double target) implements CriticConstraint {
    /** Keeps the slope of a norm of 0 finite. */
    private static final double EPSILON = 1e-12;

    /** With the paper's target, 1. */
    public GradientPenalty(double weight) {
      this(weight, 1);
    }

    @Override
    public Tensor addTo(Tensor loss, Function<Sample, Tensor> judge, Sample real, Sample fake) {
      long[] shape = new long[real.x().rank()];
      Arrays.fill(shape, 1);
      shape[0] = real.x().dim(0);
      Tensor mix = Forward.current().uniform(Dims.of(shape));
      Tensor between = real.x().mul(mix).add(fake.x().mul(mix.subtractedFrom(1)));
      Tensor slope = Gradients.gradient(judge.apply(real.with(between)).sum(), between);
      Tensor norm = slope.flatten(1).square().sum(1).add(EPSILON).sqrt();
      return loss.add(norm.sub(target).square().mean().mul(weight));
    }
  }
}
