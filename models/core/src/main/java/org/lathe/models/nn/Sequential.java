package org.lathe.models.nn;

import java.util.List;
import org.lathe.compiler.op.Tensor;

/** Layers one after the other, named by their position: {@code 0.weight}, {@code 2.weight}. */
public final class Sequential extends Module implements Layer {
  private final List<Layer> layers;

  /**
   * @param layers modules, and functions without parameters such as {@code Tensor::relu}
   */
  public Sequential(Layer... layers) {
    this(List.of(layers));
  }

  public Sequential(List<? extends Layer> layers) {
    this.layers = List.copyOf(layers);
    for (int i = 0; i < layers.size(); i++) {
      if (layers.get(i) instanceof Module m) {
        child(Integer.toString(i), m);
      }
    }
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor y = x;
    for (Layer layer : layers) {
      y = layer.apply(y);
    }
    return y;
  }
}
