package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * Residual networks (He, Zhang, Ren and Sun 2016), and the plain networks that the paper compares them with:
 * [batch, 3, side, side] to logits [batch, classes]. A stem, stages of blocks of which each but the first halves the side
 * and doubles the width, the mean over all places, and a linear layer. Every convolution is followed by batch norm.
 */
public final class ResNet extends Module implements Layer {
  private final Options options;
  private final ConvNorm stem;
  private final List<Block> blocks;
  private final Linear head;

  /** What stages are made of. */
  public enum Kind {
    /** Two 3x3 convolutions, and nothing added. */
    PLAIN,
    /** Two 3x3 convolutions; the input is added. */
    BASIC,
    /** 1x1, 3x3, and 1x1 to four times as many channels; the input is added. */
    BOTTLENECK
  }

  /** How an input is added to an output of another shape. */
  public enum Shortcut {
    /** Every other place, and zeros for the channels that are more; no parameters (the paper's option A). */
    PADDED,
    /** A 1x1 convolution (option B). */
    PROJECTED
  }

  /** What sees the picture. */
  public enum Stem {
    /** 3x3, for small pictures. */
    SMALL(3, 1),
    /** 3x3 of stride 2. */
    HALVING(3, 2),
    /** 7x7 of stride 2, then max pooling by 2, for pictures of 224 x 224. */
    LARGE(7, 2);

    private final long size;
    private final long stride;

    Stem(long size, long stride) {
      this.size = size;
      this.stride = stride;
    }
  }

  /**
   * @param depths the number of blocks of each stage
   * @param width of the stem and of the first stage's 3x3 convolutions
   */
  public record Options(
      Kind kind, Shortcut shortcut, Stem stem, List<Integer> depths, long width, long classes) {
    public Options {
      depths = List.copyOf(depths);
    }

    /** Two blocks in each of four stages: 18 layers. */
    public static Options resnet18(long classes) {
      return new Options(Kind.BASIC, Shortcut.PROJECTED, Stem.LARGE, List.of(2, 2, 2, 2), 64, classes);
    }

    /** 50 layers. */
    public static Options resnet50(long classes) {
      return new Options(Kind.BOTTLENECK, Shortcut.PROJECTED, Stem.LARGE, List.of(3, 4, 6, 3), 64, classes);
    }

    /** 152 layers. */
    public static Options resnet152(long classes) {
      return new Options(Kind.BOTTLENECK, Shortcut.PROJECTED, Stem.LARGE, List.of(3, 8, 36, 3), 64, classes);
    }

    /** The paper's 56 layers for CIFAR-10: three stages of nine blocks, 16, 32 and 64 wide. */
    public static Options resnet56(long classes) {
      return new Options(Kind.BASIC, Shortcut.PADDED, Stem.SMALL, List.of(9, 9, 9), 16, classes);
    }

    public Options with(Kind other) {
      return new Options(other, shortcut, stem, depths, width, classes);
    }

    public Options with(Stem other) {
      return new Options(kind, shortcut, other, depths, width, classes);
    }

    public Options withWidth(long other) {
      return new Options(kind, shortcut, stem, depths, other, classes);
    }

    public Options withDepths(Integer... other) {
      return new Options(kind, shortcut, stem, List.of(other), width, classes);
    }
  }

  /** Convolutions with ReLUs between them, and what is added to them. */
  private static final class Block extends Module implements Layer {
    private final List<ConvNorm> path;
    private final boolean residual;
    private final long out;
    private final long stride;
    private final @Nullable ConvNorm projection;

    Block(Options options, long in, long width, long stride) {
      boolean bottleneck = options.kind() == Kind.BOTTLENECK;
      this.stride = stride;
      out = width(options, width);
      path = children(
          "path",
          bottleneck
              ? List.of(new ConvNorm(in, width, 1, stride), new ConvNorm(width, width, 3, 1),
                  new ConvNorm(width, out, 1, 1))
              : List.of(new ConvNorm(in, width, 3, stride), new ConvNorm(width, width, 3, 1)));
      residual = options.kind() != Kind.PLAIN;
      projection = residual && options.shortcut() == Shortcut.PROJECTED && (in != out || stride != 1)
          ? child("shortcut", new ConvNorm(in, out, 1, stride))
          : null;
    }

    static long width(Options options, long width) {
      return options.kind() == Kind.BOTTLENECK ? 4 * width : width;
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor y = x;
      for (int i = 0; i < path.size(); i++) {
        y = path.get(i).apply(i == 0 ? y : y.relu());
      }
      return residual ? y.add(shortcut(x)).relu() : y.relu();
    }

    private Tensor shortcut(Tensor x) {
      if (projection != null) {
        return projection.apply(x);
      }
      Tensor near = stride == 1
          ? x
          : x.slice(Dims.filled(4, 0), x.shape(), Dims.of(1, 1, stride, stride));
      return near.pad(Dims.filled(4, 0), Dims.of(0, out - x.dim(1), 0, 0), 0);
    }
  }

  public ResNet(Options options) {
    this.options = options;
    stem = child("stem", new ConvNorm(3, options.width(), options.stem().size, options.stem().stride));
    List<Block> all = new ArrayList<>();
    long in = options.width();
    for (int stage = 0; stage < options.depths().size(); stage++) {
      long width = options.width() << stage;
      for (int b = 0; b < options.depths().get(stage); b++) {
        all.add(new Block(options, in, width, stage > 0 && b == 0 ? 2 : 1));
        in = Block.width(options, width);
      }
    }
    blocks = children("block", all);
    head = child("head", new Linear(in, options.classes()));
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor h = stem.apply(x).relu();
    if (options.stem() == Stem.LARGE) {
      h = h.maxPool(PoolingOps.Options.of(3, 2, 1));
    }
    for (Block block : blocks) {
      h = block.apply(h);
    }
    return head.apply(h.mean(2, 3));
  }
}
