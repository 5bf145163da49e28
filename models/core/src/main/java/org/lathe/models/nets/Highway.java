package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.HighwayLayer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sequential;

/**
 * A highway network (Srivastava, Greff and Schmidhuber 2015), and the plain network of the same depth that it is compared
 * with: [batch, 3, side, side] to logits [batch, classes]. A 5x5 convolution and max pooling, each of stride 2, then three
 * stages of layers of one width, max pooling by 2 between them, then a linear layer that sees all places. No normalisation
 * anywhere.
 */
public final class Highway extends Module implements Layer {
  private static final int STAGES = 3;

  private final Conv2d stem;
  private final Sequential trunk;
  private final Linear head;

  /**
   * @param depth layers in all, the first and the last included
   * @param side of the pictures, a multiple of 16
   * @param gated false for the plain network: 3x3 convolutions with ReLU
   * @param gateBias of the transform gates at the start
   */
  public record Options(int depth, long width, long side, boolean gated, double gateBias, long classes) {
    public Options plain() {
      return new Options(depth, width, side, false, gateBias, classes);
    }

    public Options withDepth(int layers) {
      return new Options(layers, width, side, gated, gateBias, classes);
    }

    public Options sized(int layers, long newWidth, long newSide) {
      return new Options(layers, newWidth, newSide, gated, gateBias, classes);
    }
  }

  public Highway(Options options) {
    stem = child("stem", new Conv2d(3, options.width(), 5, Convolutions.Options.of(2, 2)));
    List<Layer> layers = new ArrayList<>();
    int inTrunk = options.depth() - 2;
    for (int i = 0; i < inTrunk; i++) {
      if (i > 0 && i * STAGES / inTrunk > (i - 1) * STAGES / inTrunk) {
        layers.add(Highway::halved);
      }
      if (options.gated()) {
        layers.add(new HighwayLayer(options.width(), options.gateBias()));
      } else {
        layers.add(new Conv2d(options.width(), options.width(), 3, Convolutions.Options.of(1, 1)));
        layers.add(Tensor::relu);
      }
    }
    trunk = child("trunk", new Sequential(layers));
    long places = options.side() / (4L << STAGES - 1);
    head = child("head", new Linear(options.width() * places * places, options.classes()));
  }

  @Override
  public Tensor apply(Tensor x) {
    return head.apply(trunk.apply(halved(stem.apply(x).relu())).flatten(1));
  }

  private static Tensor halved(Tensor x) {
    return x.maxPool(PoolingOps.Options.of(2));
  }
}
