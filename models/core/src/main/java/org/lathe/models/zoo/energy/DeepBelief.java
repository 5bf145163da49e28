package org.lathe.models.zoo.energy;

import java.util.List;
import java.util.function.UnaryOperator;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.compiler.trace.RandomKey;
import org.lathe.models.nets.Rbm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.train.StepContext;

/**
 * A deep belief network of two hidden layers: bits v [batch, visible], first [batch, first], second [batch, second].
 *
 * <p>Parts: {@code rbm.0} and {@code rbm.1}, trained greedily; {@code up} and {@code down}, the first layer's recognition and
 * generative weights, which begin as the first machine's and are then untied from each other, {@code rbm.1} being the top;
 * {@code classifier}, the layers as a feedforward network with an output layer.
 */
final class DeepBelief extends Module {
  final List<Rbm> rbms;
  final Linear up;
  final Linear down;
  final Classifier classifier;

  DeepBelief(long visible, long first, long second, long classes) {
    rbms = children("rbm", List.of(new Rbm(visible, first), new Rbm(first, second)));
    up = child("up", new Linear(visible, first, Initializer.ZEROS));
    down = child("down", new Linear(first, visible, Initializer.ZEROS));
    classifier = child("classifier", new Classifier(visible, first, second, classes));
  }

  /** Sigmoid layers, and logits [batch, classes]. */
  static final class Classifier extends Module {
    private final List<Linear> layers;
    private final Linear out;

    Classifier(long visible, long first, long second, long classes) {
      layers = children(
          "layer",
          List.of(new Linear(visible, first, Initializer.ZEROS), new Linear(first, second, Initializer.ZEROS)));
      out = child("out", new Linear(second, classes));
    }

    Tensor apply(Tensor x) {
      Tensor h = x;
      for (Linear layer : layers) {
        h = layer.apply(h).sigmoid();
      }
      return out.apply(h);
    }
  }

  /** What machine {@code layer} learns from: samples of the layers below it, given v. */
  Tensor below(RandomKey random, int layer, Tensor v) {
    Tensor x = v;
    for (Rbm rbm : rbms.subList(0, layer)) {
      x = rbm.sampleHidden(random, x);
    }
    return x;
  }

  /** Sets the untied first layer to the first machine. */
  void untie(StepContext c) {
    copyUp(c, rbms.getFirst(), up);
    c.assign(down.weight(), rbms.getFirst().weight().tensor().transpose());
    c.assign(down.bias(), rbms.getFirst().visibleBias().tensor());
  }

  /** Sets the classifier's layers to the machines. */
  void unroll(StepContext c) {
    for (int i = 0; i < rbms.size(); i++) {
      copyUp(c, rbms.get(i), classifier.layers.get(i));
    }
  }

  private static void copyUp(StepContext c, Rbm from, Linear to) {
    c.assign(to.weight(), from.weight().tensor());
    c.assign(to.bias(), from.hiddenBias().tensor());
  }

  /** What the wake and the sleep phase gave: bits of both layers, and the first layer that the top machine dreamt. */
  record Phases(Tensor wakeHidden, Tensor dreamtHidden, Tensor dreamtVisible) {}

  /**
   * The contrastive form of the wake-sleep algorithm (Hinton, Osindero and Teh 2006): up by the recognition weights, some
   * steps in the top machine, down by the generative weights.
   */
  Phases upDown(RandomKey random, Tensor v, int topSteps) {
    Tensor wake = Rbm.bits(random, up.apply(v).sigmoid());
    Tensor dreamt = ContrastiveDivergence.gibbs(rbms.get(1), random, wake, topSteps);
    return new Phases(wake, dreamt, Rbm.bits(random, down.apply(dreamt).sigmoid()));
  }

  /** Pictures, as probabilities, of first hidden layers. */
  Tensor generate(Tensor first) {
    return down.apply(first).sigmoid();
  }

  /**
   * One sample of the variational bound on log p(v) for each example, [batch], but for the logarithm of the top machine's
   * partition function, which is to be taken away.
   *
   * @param recognition logits of q(first | v)
   * @param generative from the first hidden layer to logits of v
   */
  Tensor bound(RandomKey random, Tensor v, Tensor recognition, UnaryOperator<Tensor> generative) {
    Tensor q = recognition.sigmoid();
    Tensor h = Rbm.bits(random, q);
    Tensor entropy = LossOps.sigmoidCrossEntropy(recognition, q).sum(1);
    Tensor reconstruction = LossOps.sigmoidCrossEntropy(generative.apply(h), v).sum(1);
    return entropy.sub(reconstruction).sub(rbms.get(1).freeEnergy(h));
  }

  /** With the first machine's weights in both directions. */
  Tensor tiedBound(RandomKey random, Tensor v) {
    Rbm first = rbms.getFirst();
    return bound(
        random, v, first.hiddenLogits(v),
        h -> h.matmul(first.weight().tensor().transpose()).add(first.visibleBias().tensor()));
  }

  Tensor untiedBound(RandomKey random, Tensor v) {
    return bound(random, v, up.apply(v), down::apply);
  }
}
