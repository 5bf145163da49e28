package org.lathe.models.adversarial;

import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;

/**
 * What a critic wants of its scores, and what a generator does. Scores are of any shape, one or more for each example;
 * losses are scalars, the mean over all scores. Stateless; any thread.
 */
public interface AdversarialLoss {
  /**
   * The original game (Goodfellow et al. 2014): scores are logits of being real, and the generator minimises
   * {@code log(1 - D)}, whose slope vanishes where the critic is sure.
   */
  AdversarialLoss SATURATING = new Logistic(1, true);

  /** The same critic; the generator maximises {@code log D} (Goodfellow et al. 2014, section 3). */
  AdversarialLoss NON_SATURATING = new Logistic(1, false);

  /** Half the squared distance of scores from 1 if real, from 0 if made, and of the generator's from 1 (Mao et al. 2017). */
  AdversarialLoss LEAST_SQUARES = new LeastSquares();

  /**
   * The difference of the mean scores, an estimate of Wasserstein's distance if the critic's slope is bounded (Arjovsky,
   * Chintala and Bottou 2017).
   */
  AdversarialLoss WASSERSTEIN = new Wasserstein();

  /** Scores beyond a margin of 1 count no more (Lim and Ye 2017). */
  AdversarialLoss HINGE = new Hinge();

  /**
   * {@link #NON_SATURATING} with one-sided label smoothing (Salimans et al. 2016).
   *
   * @param real the target of real examples, in (0, 1], such as 0.9
   */
  static AdversarialLoss smoothed(double real) {
    return new Logistic(real, false);
  }

  /**
   * The critic's loss.
   *
   * @param real its scores of real examples
   * @param fake its scores of made ones
   */
  Tensor critic(Tensor real, Tensor fake);

  /**
   * The generator's loss.
   *
   * @param fake the critic's scores of made examples
   */
  Tensor generator(Tensor fake);

  /**
   * Cross-entropy of the critic's belief.
   *
   * @param real the target of real examples
   */
  record Logistic(double real, boolean saturating) implements AdversarialLoss {
    public Logistic {
      if (!(real > 0 && real <= 1)) {
        throw new IllegalArgumentException("the target of real examples is in (0, 1], not " + real);
      }
    }

    @Override
    public Tensor critic(Tensor onReal, Tensor onFake) {
      return LossOps.sigmoidCrossEntropy(onReal, onReal.like(real)).mean()
          .add(LossOps.sigmoidCrossEntropy(onFake, onFake.zerosLike()).mean());
    }

    @Override
    public Tensor generator(Tensor onFake) {
      return saturating
          ? LossOps.sigmoidCrossEntropy(onFake, onFake.zerosLike()).mean().neg()
          : LossOps.sigmoidCrossEntropy(onFake, onFake.like(1)).mean();
    }
  }

  /** See {@link #LEAST_SQUARES}. */
  record LeastSquares() implements AdversarialLoss {
    @Override
    public Tensor critic(Tensor real, Tensor fake) {
      return real.sub(1).square().mean().add(fake.square().mean()).mul(0.5);
    }

    @Override
    public Tensor generator(Tensor fake) {
      return fake.sub(1).square().mean().mul(0.5);
    }
  }

  /** See {@link #WASSERSTEIN}. */
  record Wasserstein() implements AdversarialLoss {
    @Override
    public Tensor critic(Tensor real, Tensor fake) {
      return fake.mean().sub(real.mean());
    }

    @Override
    public Tensor generator(Tensor fake) {
      return fake.mean().neg();
    }
  }

  /** See {@link #HINGE}. */
  record Hinge() implements AdversarialLoss {
    @Override
    public Tensor critic(Tensor real, Tensor fake) {
      return real.subtractedFrom(1).relu().mean().add(fake.add(1).relu().mean());
    }

    @Override
    public Tensor generator(Tensor fake) {
      return fake.mean().neg();
    }
  }
}
