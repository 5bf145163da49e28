package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Dropout;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.Sequential;

/**
 * VGG (Simonyan and Zisserman 2015): [batch, 3, side, side] to logits [batch, classes]. Five stages of 3x3 convolutions,
 * each ended by max pooling by 2, then two hidden layers with dropout. Batch norm after each convolution (Ioffe and Szegedy
 * 2015), which the paper does not have, is an option.
 */
public final class Vgg extends Module implements Layer {
  private static final PoolingOps.Options HALVE = PoolingOps.Options.of(2);

  private final List<Sequential> stages;
  private final Sequential head;

  /**
   * @param depths how many convolutions each stage has
   * @param width of the first stage; each is twice as wide as the last, up to eight times the first
   * @param side of the pictures, a multiple of 2 to the number of stages
   * @param hidden units of each hidden layer
   */
  public record Options(
      List<Integer> depths, long width, long side, long hidden, double dropout, long classes, boolean batchNorm) {
    public Options {
      depths = List.copyOf(depths);
      if (side % (1L << depths.size()) != 0) {
        throw new IllegalArgumentException(
            "pictures of side " + side + " cannot be halved " + depths.size() + " times");
      }
    }

    /** Configuration A of the paper, 11 layers. */
    public static Options vgg11(long classes) {
      return new Options(List.of(1, 1, 2, 2, 2), 64, 224, 4096, 0.5, classes, false);
    }

    /** Configuration D of the paper, 16 layers. */
    public static Options vgg16(long classes) {
      return new Options(List.of(2, 2, 3, 3, 3), 64, 224, 4096, 0.5, classes, false);
    }

    public Options withBatchNorm() {
      return new Options(depths, width, side, hidden, dropout, classes, true);
    }

    /** Of the same depths for other pictures. */
    public Options sized(long newWidth, long newSide, long newHidden, double newDropout) {
      return new Options(depths, newWidth, newSide, newHidden, newDropout, classes, batchNorm);
    }

    public Options withDepths(Integer... other) {
      return new Options(List.of(other), width, side, hidden, dropout, classes, batchNorm);
    }
  }

  public Vgg(Options options) {
    List<Sequential> all = new ArrayList<>();
    long in = 3;
    for (int stage = 0; stage < options.depths().size(); stage++) {
      long out = options.width() << Math.min(stage, 3);
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < options.depths().get(stage); i++) {
        layers.add(
            options.batchNorm()
                ? new ConvNorm(in, out, 3, 1)
                : new Conv2d(in, out, 3, Convolutions.Options.of(1, 1)));
        layers.add(Tensor::relu);
        in = out;
      }
      all.add(new Sequential(layers));
    }
    stages = children("stage", all);
    long left = options.side() >> options.depths().size();
    head = child(
        "head",
        new Sequential(
            new Linear(in * left * left, options.hidden(), Initializer.he()),
            Tensor::relu,
            new Dropout(options.dropout()),
            new Linear(options.hidden(), options.hidden(), Initializer.he()),
            Tensor::relu,
            new Dropout(options.dropout()),
            new Linear(options.hidden(), options.classes())));
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor h = x;
    for (Sequential stage : stages) {
      h = stage.apply(h).maxPool(HALVE);
    }
    return head.apply(h.flatten(1));
  }
}
