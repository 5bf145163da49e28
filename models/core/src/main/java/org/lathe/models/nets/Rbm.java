package org.lathe.models.nets;

import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.hal.DType;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;

/**
 * A restricted Boltzmann machine (Smolensky 1986; Hinton 2002): visible units v [batch, visible], which are bits or normal
 * variables of variance 1, and hidden bits h [batch, hidden], with the energy {@code -v W h - a v - b h} or
 * {@code |v - a|^2 / 2 - v W h - b h}.
 *
 * <p>Parameters: {@code weight} [visible, hidden], {@code visible} and {@code hidden}, the biases a and b.
 */
public final class Rbm extends Module {
  /** What the visible units are. */
  public enum Visible {
    BINARY, GAUSSIAN
  }

  private final Visible kind;
  private final long visible;
  private final long hidden;
  private final Parameter weight;
  private final Parameter visibleBias;
  private final Parameter hiddenBias;

  /** Of bits, with small normal weights. */
  public Rbm(long visible, long hidden) {
    this(Visible.BINARY, visible, hidden, Initializer.normal(0.01));
  }

  public Rbm(Visible kind, long visible, long hidden, Initializer weights) {
    this.kind = kind;
    this.visible = visible;
    this.hidden = hidden;
    weight = parameter("weight", weights, visible, hidden);
    visibleBias = parameter("visible", Initializer.ZEROS, visible);
    hiddenBias = parameter("hidden", Initializer.ZEROS, hidden);
  }

  public Visible kind() {
    return kind;
  }

  public long visibleUnits() {
    return visible;
  }

  public long hiddenUnits() {
    return hidden;
  }

  public Parameter weight() {
    return weight;
  }

  public Parameter visibleBias() {
    return visibleBias;
  }

  public Parameter hiddenBias() {
    return hiddenBias;
  }

  /** {@code v W + b}, [batch, hidden]. */
  public Tensor hiddenLogits(Tensor v) {
    return v.matmul(weight.tensor()).add(hiddenBias.tensor());
  }

  /** The probability of each hidden bit, [batch, hidden]. */
  public Tensor hidden(Tensor v) {
    return hiddenLogits(v).sigmoid();
  }

  /** The mean of each visible unit, [batch, visible]: a probability if it is a bit. */
  public Tensor visible(Tensor h) {
    Tensor field = h.matmul(weight.tensor().transpose()).add(visibleBias.tensor());
    return kind == Visible.BINARY ? field.sigmoid() : field;
  }

  public Tensor sampleHidden(RandomKey random, Tensor v) {
    return bits(random, hidden(v));
  }

  public Tensor sampleVisible(RandomKey random, Tensor h) {
    Tensor mean = visible(h);
    return kind == Visible.BINARY
        ? bits(random, mean)
        : mean.add(random.normal(DType.F32, mean.shape().toArray()));
  }

  /** {@code -log sum over h of exp(-energy(v, h))}, [batch]. */
  public Tensor freeEnergy(Tensor v) {
    Tensor hiddenPart = hiddenLogits(v).softplus().sum(1);
    if (kind == Visible.GAUSSIAN) {
      return v.sub(visibleBias.tensor()).square().sum(1).mul(0.5).sub(hiddenPart);
    }
    return v.mul(visibleBias.tensor()).sum(1).add(hiddenPart).neg();
  }

  /** Bits, each 1 with its probability. */
  public static Tensor bits(RandomKey random, Tensor probabilities) {
    return random.uniform(DType.F32, probabilities.shape().toArray()).less(probabilities).cast(DType.F32);
  }
}
