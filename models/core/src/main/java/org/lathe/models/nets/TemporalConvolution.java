package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.CausalConv1d;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;

/**
 * A temporal convolutional network (Bai, Kolter and Koltun 2018): residual blocks of two dilated causal convolutions with
 * ReLU each, the dilation doubling from block to block. [batch, in, steps] to [batch, channels, steps]; no output depends on
 * a later input.
 *
 * <p>It differs from the paper in having no weight norm and no dropout.
 *
 * <p>Parts: {@code blocks.i} with {@code first}, {@code second}, and {@code shortcut} where the channels change.
 */
public final class TemporalConvolution extends Module implements Layer {
  private final List<Block> blocks;
  private final long size;

  private static final class Block extends Module implements Layer {
    private final CausalConv1d first;
    private final CausalConv1d second;
    private final Layer shortcut;

    Block(long in, long out, long size, long dilation) {
      first = child("first", new CausalConv1d(in, out, size, dilation));
      second = child("second", new CausalConv1d(out, out, size, dilation));
      shortcut = in == out ? x -> x : child("shortcut", new CausalConv1d(in, out, 1, 1));
    }

    @Override
    public Tensor apply(Tensor x) {
      return second.apply(first.apply(x).relu()).relu().add(shortcut.apply(x)).relu();
    }
  }

  /**
   * @param size of the filters
   * @param levels how many blocks
   */
  public TemporalConvolution(long in, long channels, long size, int levels) {
    List<Block> all = new ArrayList<>();
    for (int l = 0; l < levels; l++) {
      all.add(new Block(l == 0 ? in : channels, channels, size, 1L << l));
    }
    blocks = children("blocks", all);
    this.size = size;
  }

  /** How many steps, its own included, an output depends on. */
  public long receptiveField() {
    return 1 + 2 * (size - 1) * ((1L << blocks.size()) - 1);
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor y = x;
    for (Block b : blocks) {
      y = b.apply(y);
    }
    return y;
  }
}
