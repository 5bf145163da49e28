package org.lathe.models.zoo.energy;

import java.util.List;
import java.util.Map;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.models.nets.Rbm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Parameter;
import org.lathe.models.train.StepContext;

/**
 * An autoencoder made of restricted Boltzmann machines: x [batch, in] in 0..1, two layers of sigmoid units, a code
 * [batch, code] of linear units, and the same layers back.
 *
 * <p>Parts: {@code rbm.0}, {@code rbm.1}, {@code rbm.2}, the last with normal variables as its code, which are its visible
 * units here; {@code encoder.k} and {@code decoder.k}, which begin as the machines' weights and their transposes.
 */
final class DeepAutoencoder extends Module {
  private final List<Rbm> bits;
  private final Rbm code;
  final Halves halves;

  DeepAutoencoder(long in, long first, long second, long codeUnits) {
    bits = children("rbm", List.of(new Rbm(in, first), new Rbm(first, second)));
    code = child("rbm.2", new Rbm(Rbm.Visible.GAUSSIAN, codeUnits, second, Initializer.normal(0.05)));
    halves = child("net", new Halves(in, first, second, codeUnits));
  }

  /** The unrolled network. */
  static final class Halves extends Module {
    private final List<Linear> encoder;
    private final List<Linear> decoder;

    Halves(long in, long first, long second, long code) {
      encoder = children("encoder", List.of(blank(in, first), blank(first, second), blank(second, code)));
      decoder = children("decoder", List.of(blank(code, second), blank(second, first), blank(first, in)));
    }

    private static Linear blank(long in, long out) {
      return new Linear(in, out, Initializer.ZEROS);
    }

    /** [batch, code]. */
    Tensor encode(Tensor x) {
      return encoder.get(2).apply(encoder.get(1).apply(encoder.get(0).apply(x).sigmoid()).sigmoid());
    }

    /** Logits [batch, in]. */
    Tensor decode(Tensor z) {
      return decoder.get(2).apply(decoder.get(1).apply(decoder.get(0).apply(z).sigmoid()).sigmoid());
    }
  }

  /** Machine {@code number}, and what it descends given x. */
  record Greedy(Rbm rbm, Map<Parameter, Tensor> gradients, Tensor error) {}

  /** One step of contrastive divergence of a machine, on the means of the layers below it. */
  Greedy greedy(RandomKey random, int number, Tensor x) {
    Tensor below = x;
    for (Rbm rbm : bits.subList(0, Math.min(number, bits.size()))) {
      below = rbm.hidden(below);
    }
    if (number < bits.size()) {
      Rbm rbm = bits.get(number);
      Tensor again = ContrastiveDivergence.reconstruction(rbm, random, below, 1);
      return new Greedy(
          rbm, ContrastiveDivergence.gradients(rbm, below, again), ContrastiveDivergence.error(below, again));
    }
    Tensor again = code.hidden(code.sampleVisible(random, below));
    return new Greedy(code, codeGradients(below, again), ContrastiveDivergence.error(below, again));
  }

  /** The last machine sees data on its bits, and its normal variables are the code. */
  private Map<Parameter, Tensor> codeGradients(Tensor data, Tensor model) {
    Tensor dataCode = code.visible(data);
    Tensor modelCode = code.visible(model);
    return Map.of(
        code.weight(),
        ContrastiveDivergence.products(modelCode, model).sub(ContrastiveDivergence.products(dataCode, data)),
        code.visibleBias(), modelCode.mean(0).sub(dataCode.mean(0)),
        code.hiddenBias(), model.mean(0).sub(data.mean(0)));
  }

  /** Sets the network to the machines. */
  void unroll(StepContext c) {
    for (int k = 0; k < bits.size(); k++) {
      Rbm rbm = bits.get(k);
      set(c, halves.encoder.get(k), rbm.weight().tensor(), rbm.hiddenBias());
      set(c, halves.decoder.get(2 - k), rbm.weight().tensor().transpose(), rbm.visibleBias());
    }
    set(c, halves.encoder.get(2), code.weight().tensor().transpose(), code.visibleBias());
    set(c, halves.decoder.get(0), code.weight().tensor(), code.hiddenBias());
  }

  private static void set(StepContext c, Linear layer, Tensor weight, Parameter bias) {
    c.assign(layer.weight(), weight);
    c.assign(layer.bias(), bias.tensor());
  }
}
