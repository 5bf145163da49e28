package org.lathe.models.nets;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998): [batch, 1, 32, 32] to logits [batch, 10].
 *
 * <p>It differs from the paper in that C3 sees all of S2's maps, pooling is a plain mean without trained scale, tanh is not
 * scaled, and the output is linear with a softmax in the loss instead of radial basis functions.
 */
public final class LeNet5 extends Module implements Layer {
  /** The width of {@link #features}. */
  public static final int FEATURES = 84;

  private static final PoolingOps.Options HALVE = PoolingOps.Options.of(2);

  private final Conv2d c1 = child("c1", convolution(1, 6));
  private final Conv2d c3 = child("c3", convolution(6, 16));
  private final Linear c5 = child("c5", new Linear(400, 120));
  private final Linear f6 = child("f6", new Linear(120, FEATURES));
  private final Linear out = child("out", new Linear(FEATURES, 10));

  private static Conv2d convolution(long in, long out) {
    return new Conv2d(in, out, 5, Convolutions.Options.DEFAULT, Initializer.xavier(), Initializer.ZEROS);
  }

  /** Pads [batch, 1, 28, 28] in 0..1 to 32 x 32, of about mean 0 and variance 1 as in the paper. */
  public static Tensor prepare(Tensor image) {
    return image.pad(Dims.of(0, 0, 2, 2), Dims.of(0, 0, 2, 2), 0).sub(0.1).mul(3);
  }

  @Override
  public Tensor apply(Tensor x) {
    return classify(features(x));
  }

  /** What the last layer sees, F6: [batch, 84] in -1..1. */
  public Tensor features(Tensor x) {
    Tensor h = c1.apply(x).tanh().meanPool(HALVE);
    h = c3.apply(h).tanh().meanPool(HALVE).flatten(1);
    return f6.apply(c5.apply(h).tanh()).tanh();
  }

  /** The logits of {@link #features}. */
  public Tensor classify(Tensor features) {
    return out.apply(features);
  }
}
