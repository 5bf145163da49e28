package org.lathe.models.zoo.energy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.models.nets.Rbm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;

/**
 * A deep Boltzmann machine of two hidden layers: bits v [batch, visible], h1 [batch, first], h2 [batch, second], with the
 * energy {@code -v W1 h1 - h1 W2 h2 - a v - b h1 - c h2}.
 *
 * <p>Parameters: {@code weight.0} [visible, first], {@code weight.1} [first, second], and the biases {@code visible},
 * {@code first}, {@code second}.
 */
final class DeepBoltzmann extends Module {
  private final Parameter lower;
  private final Parameter upper;
  private final Parameter visible;
  private final Parameter first;
  private final Parameter second;

  DeepBoltzmann(long visibleUnits, long firstUnits, long secondUnits) {
    lower = parameter("weight.0", Initializer.normal(0.01), visibleUnits, firstUnits);
    upper = parameter("weight.1", Initializer.normal(0.01), firstUnits, secondUnits);
    visible = parameter("visible", Initializer.ZEROS, visibleUnits);
    first = parameter("first", Initializer.ZEROS, firstUnits);
    second = parameter("second", Initializer.ZEROS, secondUnits);
  }

  /** Both hidden layers: bits or means. */
  record Hidden(Tensor first, Tensor second) {}

  private Tensor firstLogits(Tensor v, Tensor h2) {
    return v.matmul(lower.tensor()).add(h2.matmul(upper.tensor().transpose())).add(first.tensor());
  }

  private Tensor secondLogits(Tensor h1) {
    return h1.matmul(upper.tensor()).add(second.tensor());
  }

  private Tensor visibleLogits(Tensor h1) {
    return h1.matmul(lower.tensor().transpose()).add(visible.tensor());
  }

  /** What goes up from v where there is no layer above yet: with twice the weights, as both neighbours would push. */
  private Tensor upLogits(Tensor v) {
    return v.matmul(lower.tensor()).mul(2).add(first.tensor());
  }

  /** The means of the hidden units under the best factorised distribution given v, by fixed-point iteration. */
  Hidden meanField(Tensor v, int iterations) {
    Tensor m1 = upLogits(v).sigmoid();
    Tensor m2 = secondLogits(m1).sigmoid();
    for (int i = 0; i < iterations; i++) {
      m1 = firstLogits(v, m2).sigmoid();
      m2 = secondLogits(m1).sigmoid();
    }
    return new Hidden(m1, m2);
  }

  /** One sweep of Gibbs sampling: h1, then v and h2 given it. */
  Map.Entry<Tensor, Tensor> gibbs(RandomKey random, Tensor v, Tensor h2) {
    Tensor h1 = Rbm.bits(random, firstLogits(v, h2).sigmoid());
    return Map.entry(
        Rbm.bits(random, visibleLogits(h1).sigmoid()), Rbm.bits(random, secondLogits(h1).sigmoid()));
  }

  /** What the parameters descend, by the means given data and by the chains' states. */
  Map<Parameter, Tensor> gradients(Tensor v, Hidden means, Tensor chainV, Tensor chainH2) {
    Tensor chainH1 = firstLogits(chainV, chainH2).sigmoid();
    Map<Parameter, Tensor> all = new LinkedHashMap<>();
    all.put(
        lower,
        ContrastiveDivergence.products(chainV, chainH1).sub(ContrastiveDivergence.products(v, means.first())));
    all.put(
        upper,
        ContrastiveDivergence.products(chainH1, chainH2)
            .sub(ContrastiveDivergence.products(means.first(), means.second())));
    all.put(visible, chainV.mean(0).sub(v.mean(0)));
    all.put(first, chainH1.mean(0).sub(means.first().mean(0)));
    all.put(second, chainH2.mean(0).sub(means.second().mean(0)));
    return all;
  }

  /**
   * Contrastive divergence of the first layer on its own, its hidden units seeing v twice (Salakhutdinov and Hinton 2009).
   * The second layer's parameters get no gradient.
   */
  Map<Parameter, Tensor> firstLayer(RandomKey random, Tensor v) {
    Tensor h = upLogits(v).sigmoid();
    Tensor again = Rbm.bits(random, visibleLogits(Rbm.bits(random, h)).sigmoid());
    Tensor hAgain = upLogits(again).sigmoid();
    Map<Parameter, Tensor> all = still();
    all.put(lower, ContrastiveDivergence.products(again, hAgain).sub(ContrastiveDivergence.products(v, h)));
    all.put(visible, again.mean(0).sub(v.mean(0)));
    all.put(first, hAgain.mean(0).sub(h.mean(0)));
    return all;
  }

  /** As {@link #firstLayer} for the second, its samples of the first layer seeing h2 twice. */
  Map<Parameter, Tensor> secondLayer(RandomKey random, Tensor v) {
    Tensor h1 = Rbm.bits(random, upLogits(v).sigmoid());
    Tensor h2 = secondLogits(h1).sigmoid();
    Tensor down = Rbm.bits(random, h2).matmul(upper.tensor().transpose()).mul(2).add(first.tensor());
    Tensor again = Rbm.bits(random, down.sigmoid());
    Tensor h2Again = secondLogits(again).sigmoid();
    Map<Parameter, Tensor> all = still();
    all.put(upper, ContrastiveDivergence.products(again, h2Again).sub(ContrastiveDivergence.products(h1, h2)));
    all.put(second, h2Again.mean(0).sub(h2.mean(0)));
    return all;
  }

  private Map<Parameter, Tensor> still() {
    Map<Parameter, Tensor> all = new LinkedHashMap<>();
    parameters().values().forEach(p -> all.put(p, p.tensor().zerosLike()));
    return all;
  }

  /** Mean pictures of a sweep from v and h2, [batch, visible]. */
  Tensor picture(Tensor v, Tensor h2) {
    return visibleLogits(firstLogits(v, h2).sigmoid()).sigmoid();
  }

  /** The variational bound on log p(v) at these means, [batch], but for the partition function's logarithm. */
  Tensor bound(Tensor v, Hidden m) {
    Tensor energy = visibleLogits(m.first()).mul(v).sum(1)
        .add(secondLogits(m.first()).mul(m.second()).sum(1))
        .add(m.first().mul(first.tensor()).sum(1));
    return energy.add(entropy(m.first())).add(entropy(m.second()));
  }

  /** Of independent bits, [batch]. */
  private static Tensor entropy(Tensor p) {
    Tensor q = p.clamp(1e-6, 1 - 1e-6);
    return q.mul(q.log()).add(q.subtractedFrom(1).mul(q.neg().log1p())).sum(1).neg();
  }

  /** The same distribution as a restricted machine: v and h2 are one layer, h1 the other. */
  Likelihood.Machine restricted() {
    return new Likelihood.Machine(
        Tensor.concat(0, lower.tensor(), upper.tensor().transpose()),
        Tensor.concat(0, visible.tensor(), second.tensor()),
        first.tensor());
  }
}
