package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * A convolutional network whose maps can be weighted in further passes (Stollenga, Masci, Gomez and Schmidhuber 2014):
 * [batch, 3, side, side] to logits [batch, classes], by 3x3 convolutions with batch norm and ReLU, each followed by max
 * pooling by 2 and twice as wide as the last, then the mean over all places and a linear layer.
 */
public final class AttentiveCnn extends Module {
  private final List<ConvNorm> convolutions;
  private final List<Long> widths = new ArrayList<>();
  private final Linear head;

  /**
   * One pass.
   *
   * @param activity of each map, the mean over its places, after its weight: [batch, maps]
   */
  public record Pass(Tensor logits, Tensor activity) {}

  public AttentiveCnn(int stages, long width, long classes) {
    List<ConvNorm> all = new ArrayList<>();
    long in = 3;
    for (int s = 0; s < stages; s++) {
      long out = width << s;
      all.add(new ConvNorm(in, out, 3, 1));
      widths.add(out);
      in = out;
    }
    convolutions = children("conv", all);
    head = child("head", new Linear(in, classes));
  }

  /** The maps of all layers. */
  public long maps() {
    return widths.stream().mapToLong(w -> w).sum();
  }

  /** A pass with all weights 1. */
  public Pass apply(Tensor image) {
    return pass(image, null);
  }

  /**
   * A pass in which each map is multiplied by its weight.
   *
   * @param weights [batch, maps], layer by layer
   */
  public Pass apply(Tensor image, Tensor weights) {
    return pass(image, weights);
  }

  private Pass pass(Tensor image, @Nullable Tensor weights) {
    List<Tensor> activity = new ArrayList<>();
    Tensor h = image;
    long from = 0;
    for (int s = 0; s < convolutions.size(); s++) {
      h = convolutions.get(s).apply(h).relu();
      long width = widths.get(s);
      if (weights != null) {
        h = h.mul(weights.slice(1, from, from + width).reshape(-1, width, 1, 1));
      }
      from += width;
      activity.add(h.mean(2, 3));
      h = s < convolutions.size() - 1 ? h.maxPool(PoolingOps.Options.of(2)) : h;
    }
    return new Pass(head.apply(h.mean(2, 3)), Tensor.concat(1, activity));
  }
}
