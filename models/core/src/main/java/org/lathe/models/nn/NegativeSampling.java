package org.lathe.models.nn;

import java.util.Arrays;
import org.lathe.compiler.ir.Literal;
import org.lathe.compiler.ir.TensorType;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;

/**
 * Tells a symbol from {@code negatives} others that are drawn in each step from the symbols' counts to the power of 3/4
 * (Mikolov et al. 2013): -log sigmoid(h w_label) - sum of log sigmoid(-h w_negative). A negative that is the label itself
 * does not count. It draws on the device, from the step's own random numbers.
 *
 * <p>What it learns is not log P(s | h), but that less the log of the noise (Levy and Goldberg 2014), up to a constant:
 * {@link #logProbabilities} adds the noise again and normalises.
 *
 * <p>Parameter: {@code weight} [symbols, width], 0 at first.
 */
public final class NegativeSampling extends Module implements OutputLoss {
  private static final double POWER = 0.75;

  private final AliasTable noise;
  private final int negatives;
  private final Parameter weight;

  /**
   * @param counts of each symbol; one that never occurs is never drawn
   */
  public NegativeSampling(double[] counts, int negatives, long width) {
    if (negatives < 1) {
      throw new IllegalArgumentException("negative sampling draws at least 1, not " + negatives);
    }
    this.negatives = negatives;
    noise = new AliasTable(Arrays.stream(counts).map(c -> Math.pow(c, POWER)).toArray());
    weight = parameter("weight", Initializer.ZEROS, counts.length, width);
  }

  @Override
  public Tensor losses(Tensor hidden, Tensor labels) {
    Tensor drawn = noise.draw(Forward.current().random(), hidden.dim(0), negatives);
    Tensor counts = drawn.notEqualTo(labels.expandDims(1)).cast(DType.F32);
    Tensor positive = weight.tensor().gather(labels).mul(hidden).sum(1);
    Tensor negative = weight.tensor().gather(drawn).mul(hidden.expandDims(1)).sum(2);
    return positive.neg().softplus().add(negative.softplus().mul(counts).sum(1));
  }

  @Override
  public Tensor logProbabilities(Tensor hidden) {
    double[] p = noise.probabilities();
    // A symbol that is never drawn has no probability either.
    double[] logs = Arrays.stream(p).map(x -> x > 0 ? (float) Math.log(x) : Double.NEGATIVE_INFINITY).toArray();
    Tensor logNoise = Tensor.constant(hidden.builder(), Literal.of(TensorType.of(DType.F32, p.length), logs));
    return hidden.matmul(weight.tensor().transpose()).add(logNoise).logSoftmax(1);
  }
}
