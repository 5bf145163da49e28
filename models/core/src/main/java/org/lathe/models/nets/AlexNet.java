package org.lathe.models.nets;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Dropout;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.LocalResponseNorm;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sequential;

/**
 * AlexNet (Krizhevsky, Sutskever and Hinton 2012): [batch, 3, side, side] to logits [batch, classes]. Five convolutions,
 * the first two with local response normalisation, overlapping max pooling, and two hidden layers with dropout.
 *
 * <p>The paper's two towers are convolutions in two groups. It differs from the paper in He's and Glorot's initial weights,
 * and in biases that begin at 0.
 */
public final class AlexNet extends Module implements Layer {
  private static final PoolingOps.Options POOL = PoolingOps.Options.of(3, 2, 0);
  private static final long STEM = 11;

  private final Conv2d c1;
  private final Conv2d c2;
  private final Conv2d c3;
  private final Conv2d c4;
  private final Conv2d c5;
  private final Sequential head;

  /**
   * @param side of the pictures
   * @param stride of the first convolution
   * @param pad of the first convolution
   * @param width of the first convolution, a multiple of 3; the others are 8/3, 4, 4 and 8/3 times as wide
   * @param groups in which the second, fourth and fifth convolution are split
   * @param hidden units of each hidden layer
   */
  public record Options(
      long side, long stride, long pad, long width, long groups, long hidden, double dropout, long classes) {
    public Options {
      if (width % 3 != 0) {
        throw new IllegalArgumentException("the width of AlexNet's first layer is a multiple of 3, not " + width);
      }
    }

    /** As published, in two towers, for pictures of 227 x 227. */
    public static Options published(long classes) {
      return new Options(227, 4, 0, 96, 2, 4096, 0.5, classes);
    }

    /** In one tower (Krizhevsky 2014 has one too), for pictures of 227 x 227. */
    public static Options oneTower(long classes) {
      return new Options(227, 4, 0, 96, 1, 4096, 0.5, classes);
    }

    /** For pictures of 64 x 64, a quarter as wide. */
    public static Options small(long classes) {
      return new Options(64, 4, 2, 24, 2, 256, 0.3, classes);
    }

    private long featureSide() {
      long s = pooled((side + 2 * pad - STEM) / stride + 1);
      return pooled(pooled(s));
    }

    private static long pooled(long side) {
      return (side - 3) / 2 + 1;
    }
  }

  public AlexNet(Options o) {
    long wide = o.width() / 3 * 8;
    long wider = 4 * o.width();
    c1 = child("c1", new Conv2d(3, o.width(), STEM, Convolutions.Options.of(o.stride(), o.pad())));
    c2 = child("c2", new Conv2d(o.width(), wide, 5, Convolutions.Options.of(1, 2).withGroups(o.groups())));
    c3 = child("c3", new Conv2d(wide, wider, 3, Convolutions.Options.of(1, 1)));
    c4 = child("c4", new Conv2d(wider, wider, 3, Convolutions.Options.of(1, 1).withGroups(o.groups())));
    c5 = child("c5", new Conv2d(wider, wide, 3, Convolutions.Options.of(1, 1).withGroups(o.groups())));
    head = child(
        "head",
        new Sequential(
            new Dropout(o.dropout()),
            new Linear(wide * o.featureSide() * o.featureSide(), o.hidden(), Initializer.he()),
            Tensor::relu,
            new Dropout(o.dropout()),
            new Linear(o.hidden(), o.hidden(), Initializer.he()),
            Tensor::relu,
            new Linear(o.hidden(), o.classes())));
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor h = LocalResponseNorm.ALEXNET.apply(c1.apply(x).relu()).maxPool(POOL);
    h = LocalResponseNorm.ALEXNET.apply(c2.apply(h).relu()).maxPool(POOL);
    h = c5.apply(c4.apply(c3.apply(h).relu()).relu()).relu().maxPool(POOL);
    return head.apply(h.flatten(1));
  }
}
