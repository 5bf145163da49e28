package org.lathe.models.nets;

import java.util.List;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * Residual networks (He, Zhang, Ren and Sun 2016), and the plain networks that the paper compares them with:
 * [batch, 3, side, side] to logits [batch, classes]: a {@link ResidualTrunk}, the mean over all places, and a linear layer.
 */
public final class ResNet extends Module implements Layer {
  private final ResidualTrunk trunk;
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

    final long size;
    final long stride;

    Stem(long size, long stride) {
      this.size = size;
      this.stride = stride;
    }
  }

  /**
   * @param depths the number of blocks of each stage
   * @param width of the stem and of the first stage's 3x3 convolutions
   * @param branchScale with which the last batch norm of each residual block begins: 1 in the paper; at 0 blocks begin as the
   *     identity (Goyal et al. 2017). Plain networks with a scale below 1 have filters that begin as the identity, with
   *     random values of this scale beside it
   */
  public record Options(
      Kind kind, Shortcut shortcut, Stem stem, List<Integer> depths, long width, long classes, double branchScale) {
    public Options {
      depths = List.copyOf(depths);
    }

    /** Two blocks in each of four stages: 18 layers. */
    public static Options resnet18(long classes) {
      return new Options(Kind.BASIC, Shortcut.PROJECTED, Stem.LARGE, List.of(2, 2, 2, 2), 64, classes, 1);
    }

    /** 50 layers. */
    public static Options resnet50(long classes) {
      return new Options(Kind.BOTTLENECK, Shortcut.PROJECTED, Stem.LARGE, List.of(3, 4, 6, 3), 64, classes, 1);
    }

    /** 152 layers. */
    public static Options resnet152(long classes) {
      return new Options(Kind.BOTTLENECK, Shortcut.PROJECTED, Stem.LARGE, List.of(3, 8, 36, 3), 64, classes, 1);
    }

    /** The paper's 56 layers for CIFAR-10: three stages of nine blocks, 16, 32 and 64 wide. */
    public static Options resnet56(long classes) {
      return new Options(Kind.BASIC, Shortcut.PADDED, Stem.SMALL, List.of(9, 9, 9), 16, classes, 1);
    }

    /** In all stages. */
    public int blocks() {
      return depths.stream().mapToInt(d -> d).sum();
    }

    public Options with(Kind other) {
      return new Options(other, shortcut, stem, depths, width, classes, branchScale);
    }

    public Options with(Stem other) {
      return new Options(kind, shortcut, other, depths, width, classes, branchScale);
    }

    public Options withBranchScale(double other) {
      return new Options(kind, shortcut, stem, depths, width, classes, other);
    }

    public Options withWidth(long other) {
      return new Options(kind, shortcut, stem, depths, other, classes, branchScale);
    }

    public Options withDepths(Integer... other) {
      return new Options(kind, shortcut, stem, List.of(other), width, classes, branchScale);
    }
  }

  public ResNet(Options options) {
    trunk = child("trunk", new ResidualTrunk(options));
    head = child("head", new Linear(trunk.channels(), options.classes()));
  }

  @Override
  public Tensor apply(Tensor x) {
    return head.apply(trunk.apply(x).mean(2, 3));
  }
}
