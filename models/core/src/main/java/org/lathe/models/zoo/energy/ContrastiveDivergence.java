package org.lathe.models.zoo.energy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.models.nets.Rbm;
import org.lathe.models.nn.Parameter;

/**
 * Contrastive divergence (Hinton 2002): the gradient of a restricted Boltzmann machine's negative log-likelihood, the
 * model's own statistics being those of a few steps of Gibbs sampling.
 */
final class ContrastiveDivergence {
  /** The rule's name, for steps. */
  static final String RULE = "contrastive divergence";

  private ContrastiveDivergence() {}

  /** Visible units [batch, visible] after {@code steps} of Gibbs sampling from {@code v}. */
  static Tensor gibbs(Rbm rbm, RandomKey random, Tensor v, int steps) {
    Tensor visible = v;
    for (int i = 0; i < steps; i++) {
      visible = rbm.sampleVisible(random, rbm.sampleHidden(random, visible));
    }
    return visible;
  }

  /** As {@link #gibbs}, but the last visible units are probabilities, which are less noisy. */
  static Tensor reconstruction(Rbm rbm, RandomKey random, Tensor v, int steps) {
    return rbm.visible(rbm.sampleHidden(random, gibbs(rbm, random, v, steps - 1)));
  }

  /**
   * What the parameters descend, by the difference of the statistics of two sets of visible units.
   *
   * @param data [batch, visible]
   * @param model [particles, visible]
   */
  static Map<Parameter, Tensor> gradients(Rbm rbm, Tensor data, Tensor model) {
    Tensor dataHidden = rbm.hidden(data);
    Tensor modelHidden = rbm.hidden(model);
    Map<Parameter, Tensor> all = new LinkedHashMap<>();
    all.put(rbm.weight(), products(model, modelHidden).sub(products(data, dataHidden)));
    all.put(rbm.visibleBias(), model.mean(0).sub(data.mean(0)));
    all.put(rbm.hiddenBias(), modelHidden.mean(0).sub(dataHidden.mean(0)));
    return all;
  }

  /** The mean product of each visible with each hidden unit, [visible, hidden]. */
  static Tensor products(Tensor v, Tensor h) {
    return v.transpose().matmul(h).div(v.dim(0));
  }

  /** The mean squared difference of a picture and its reconstruction, a scalar: how a training goes. */
  static Tensor error(Tensor v, Tensor reconstruction) {
    return v.sub(reconstruction).square().mean();
  }
}
