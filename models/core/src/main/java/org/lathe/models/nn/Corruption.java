package org.lathe.models.nn;

import org.lathe.compiler.op.Tensor;

/**
 * Noise on an input (Vincent, Larochelle, Bengio and Manzagol 2008), of any shape: other noise for each draw, and in training
 * for each run. Other than {@link Dropout} it is there outside of training too, and nothing is scaled.
 */
@FunctionalInterface
public interface Corruption {
  Corruption NONE = x -> x;

  Tensor apply(Tensor x);

  /** Each element is 0 with this probability. */
  static Corruption masking(double probability) {
    checkProbability(probability);
    return x -> Forward.current().bernoulli(1 - probability, x.shape()).where(x, x.zerosLike());
  }

  /** Normal noise is added. */
  static Corruption gaussian(double deviation) {
    return x -> x.add(Forward.current().normal(x.shape()).mul(deviation));
  }

  /** With this probability an element becomes 0 or 1, either as often. */
  static Corruption saltAndPepper(double probability) {
    checkProbability(probability);
    return x -> {
      Tensor salt = Forward.current().bernoulli(0.5, x.shape()).where(x.zerosLike().add(1), x.zerosLike());
      return Forward.current().bernoulli(1 - probability, x.shape()).where(x, salt);
    };
  }

  private static void checkProbability(double probability) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException("a probability of corruption is in [0, 1], not " + probability);
    }
  }
}
