package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/** A penalty on a code [batch, size] whose mean activation is to come to a target. */
public abstract sealed class Sparsity extends Module {
  private static final double SMALLEST = 1e-6;

  private final double target;

  private Sparsity(double target) {
    if (!(target > 0 && target < 1)) {
      throw new IllegalArgumentException("a target of the mean activation is in (0, 1), not " + target);
    }
    this.target = target;
  }

  public final double target() {
    return target;
  }

  /** A scalar; in training it may update the penalty's own state. */
  public abstract Tensor penalty(Tensor code);

  /**
   * The Kullback-Leibler divergence of each unit's mean activation over the batch from the target, both seen as probabilities
   * (Lee, Ekanadham and Ng 2008; Ng 2011), summed over the units. Of codes in (0, 1).
   */
  public static final class KullbackLeibler extends Sparsity {
    private final double weight;

    public KullbackLeibler(double target, double weight) {
      super(target);
      this.weight = weight;
    }

    @Override
    public Tensor penalty(Tensor code) {
      Tensor mean = code.mean(0).clamp(SMALLEST, 1 - SMALLEST);
      double t = target();
      Tensor on = mean.log().mul(-t);
      Tensor off = mean.subtractedFrom(1).log().mul(t - 1);
      return on.add(off).add(t * Math.log(t) + (1 - t) * Math.log(1 - t)).sum().mul(weight);
    }
  }

  /**
   * The sum of absolute activations times a multiplier that rises while their mean is above the target and falls while it is
   * below, so that it settles where the constraint is met (dual ascent; Boyd and Vandenberghe 2004, chapter 5).
   *
   * <p>State: {@code multiplier}, a scalar.
   */
  public static final class AbsoluteValue extends Sparsity {
    private final double rate;
    private final Parameter multiplier;

    /**
     * @param rate by which the multiplier changes in a step where the mean is e times the target
     */
    public AbsoluteValue(double target, double rate) {
      super(target);
      this.rate = rate;
      multiplier = state("multiplier", Initializer.ZEROS);
    }

    @Override
    public Tensor penalty(Tensor code) {
      Tensor activation = code.abs();
      Tensor now = multiplier.tensor();
      if (Forward.current().isTraining()) {
        Tensor excess = activation.mean().stopGradient().maximum(SMALLEST).div(target()).log();
        multiplier.update(now.add(excess.mul(rate)).maximum(0));
      }
      return activation.sum(1).mean().mul(now);
    }
  }
}
