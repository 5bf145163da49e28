package org.lathe.models.zoo.convolutional;

import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.StepContext;

/**
 * A matrix that learns by separable natural evolution strategies (Schaul, Glasmachers and Schmidhuber 2011): a normal
 * distribution of its own mean and deviation for each element, which moves towards those of a drawn population that do
 * better. Draws come in pairs of opposite sign (Salimans et al. 2017), which the paper does not have.
 *
 * <p>Parameter: {@code mean}; state: {@code deviation}, both [rows, columns].
 */
final class NaturalEvolution extends Module {
  private final int population;
  private final Parameter mean;
  private final Parameter deviation;

  /**
   * @param population an even number
   */
  NaturalEvolution(int population, double firstDeviation, long rows, long columns) {
    if (population < 2 || population % 2 != 0) {
      throw new IllegalArgumentException("a population of opposite pairs is an even number, not " + population);
    }
    this.population = population;
    mean = parameter("mean", Initializer.ZEROS, rows, columns);
    deviation = state("deviation", Initializer.constant(firstDeviation), rows, columns);
  }

  int population() {
    return population;
  }

  /** The best guess. */
  Tensor mean() {
    return mean.tensor();
  }

  /** Draws in units of the deviations, [population, rows, columns]. */
  Tensor draw(StepContext c) {
    Dims half = mean.type().shape().insert(0, population / 2);
    Tensor up = c.random().normal(DType.F32, half.toArray());
    return Tensor.concat(0, up, up.neg());
  }

  /** The matrices that draws stand for, [population, rows, columns]. */
  Tensor candidates(Tensor draws) {
    return mean.tensor().add(deviation.tensor().mul(draws));
  }

  /**
   * Moves the distribution.
   *
   * @param losses of the candidates, [population]; only their order counts
   */
  void update(StepContext c, Tensor draws, Tensor losses) {
    Tensor weights = utilities(losses).reshape(-1, 1, 1);
    long size = mean.type().size();
    double rate = (3 + Math.log(size)) / (5 * Math.sqrt(size));
    Tensor sigma = deviation.tensor();
    c.assign(mean, mean.tensor().add(sigma.mul(weights.mul(draws).sum(0))));
    deviation.update(sigma.mul(weights.mul(draws.square().sub(1)).sum(0).mul(rate / 2).exp()));
  }

  /**
   * By rank: {@code max(0, ln(n/2 + 1) - ln(rank))}, scaled to a sum of 1, less {@code 1/n}; the least loss has rank 1. Those
   * of equal loss share a rank.
   */
  static Tensor utilities(Tensor losses) {
    long n = losses.dim(0);
    Tensor rank = losses.reshape(n, 1).greater(losses.reshape(1, n)).cast(DType.F32).sum(1).add(1);
    Tensor raw = rank.log().subtractedFrom(Math.log(n / 2.0 + 1)).maximum(0);
    return raw.div(raw.sum()).sub(1.0 / n);
  }
}
