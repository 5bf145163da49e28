package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.nets.ResNet.Kind;
import org.lathe.models.nets.ResNet.Options;
import org.lathe.models.nets.ResNet.Shortcut;
import org.lathe.models.nets.ResNet.Stem;
import org.lathe.models.nn.ConvNorm;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;

/**
 * The convolutions of a residual network (He, Zhang, Ren and Sun 2016): [batch, 3, side, side] to maps [batch, channels,
 * side', side']. A stem, then stages of blocks, each but the first of which halves the side and doubles the width. Every
 * convolution is followed by batch norm.
 */
public final class ResidualTrunk extends Module implements Layer {
  private final Options options;
  private final ConvNorm stem;
  private final List<Block> blocks;
  private final long channels;

  /** Convolutions with ReLUs between them, and what is added to them. */
  private static final class Block extends Module implements Layer {
    private final List<ConvNorm> path;
    private final boolean residual;
    private final long out;
    private final long stride;
    private final @Nullable ConvNorm projection;

    Block(Options options, long in, long width, long stride) {
      this.stride = stride;
      out = width(options, width);
      double last = options.branchScale();
      path = children(
          "path",
          switch (options.kind()) {
            case PLAIN -> List.of(plain(options, in, width, stride), plain(options, width, width, 1));
            case BASIC -> List.of(new ConvNorm(in, width, 3, stride), new ConvNorm(width, width, 3, 1, last));
            case BOTTLENECK ->
              List.of(new ConvNorm(in, width, 1, stride), new ConvNorm(width, width, 3, 1),
                  new ConvNorm(width, out, 1, 1, last));
          });
      residual = options.kind() != Kind.PLAIN;
      projection = residual && options.shortcut() == Shortcut.PROJECTED && (in != out || stride != 1)
          ? child("shortcut", new ConvNorm(in, out, 1, stride))
          : null;
    }

    /** The shift of 1 lets most of what is carried on pass the ReLU. */
    private static ConvNorm plain(Options options, long in, long out, long stride) {
      double scale = options.branchScale();
      return scale == 1
          ? new ConvNorm(in, out, 3, stride)
          : new ConvNorm(in, out, 3, stride, Initializer.nearIdentity(scale), 1, 1);
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

  /**
   * @param options of which the number of classes does not matter
   */
  public ResidualTrunk(Options options) {
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
    channels = in;
  }

  /** How many maps it gives. */
  public long channels() {
    return channels;
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
    return h;
  }
}
