package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.Dropout;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * A multilayer perceptron (Rumelhart, Hinton and Williams 1986): [batch, widths[0]] to [batch, widths[n]], with an
 * activation after each layer but the last. Batch norm before, and dropout after the activation are options.
 *
 * <p>Parameters: {@code 0.weight}, {@code 0.bias}, {@code 1.weight}, ...; {@code norm.0.scale}, ...
 */
public final class Mlp extends Module implements Layer {
  private final UnaryOperator<Tensor> activation;
  private final List<Linear> layers = new ArrayList<>();
  private final List<BatchNorm> norms = new ArrayList<>();
  private final Dropout dropout;

  public Mlp(UnaryOperator<Tensor> activation, Initializer weights, long... widths) {
    this(activation, weights, 0, false, widths);
  }

  public Mlp(
      UnaryOperator<Tensor> activation, Initializer weights, double dropout, boolean batchNorm, long... widths) {
    this.activation = activation;
    this.dropout = new Dropout(dropout);
    for (int i = 1; i < widths.length; i++) {
      layers.add(child(Integer.toString(i - 1), new Linear(widths[i - 1], widths[i], weights)));
      if (batchNorm && i < widths.length - 1) {
        norms.add(child("norm." + (i - 1), new BatchNorm(widths[i])));
      }
    }
  }

  /** 784-256-128-10, ReLU: for 28 x 28 pictures of ten classes. */
  public static Mlp digits() {
    return new Mlp(Tensor::relu, Initializer.he(), 784, 256, 128, 10);
  }

  /** Makes each layer divide its weight by the largest singular value; see {@link Linear#spectral}. This network. */
  public Mlp spectral() {
    layers.forEach(Linear::spectral);
    return this;
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor h = x;
    for (int i = 0; i < layers.size(); i++) {
      h = layers.get(i).apply(h);
      if (i < layers.size() - 1) {
        h = norms.isEmpty() ? h : norms.get(i).apply(h);
        h = dropout.apply(activation.apply(h));
      }
    }
    return h;
  }
}
