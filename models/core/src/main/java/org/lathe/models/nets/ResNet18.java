package org.lathe.models.nets;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.PoolingOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * ResNet-18 (He, Zhang, Ren and Sun 2016): [batch, 3, side, side] to logits [batch, classes], in four stages of two basic
 * blocks. Shortcuts that change the shape are 1x1 convolutions (the paper's option B).
 */
public final class ResNet18 extends Module implements Layer {
  private final boolean small;
  private final ConvNorm stem;
  private final List<Block> blocks;
  private final Linear head;

  private static final class ConvNorm extends Module implements Layer {
    private final Conv2d conv;
    private final BatchNorm norm;

    ConvNorm(long in, long out, long size, long stride) {
      conv = child(
          "conv",
          new Conv2d(in, out, size, Convolutions.Options.of(stride, size / 2), Initializer.he(), null));
      norm = child("norm", new BatchNorm(out));
    }

    @Override
    public Tensor apply(Tensor x) {
      return norm.apply(conv.apply(x));
    }
  }

  private static final class Block extends Module implements Layer {
    private final ConvNorm first;
    private final ConvNorm second;
    private final @Nullable ConvNorm shortcut;

    Block(long in, long out, long stride) {
      first = child("first", new ConvNorm(in, out, 3, stride));
      second = child("second", new ConvNorm(out, out, 3, 1));
      shortcut = in == out ? null : child("shortcut", new ConvNorm(in, out, 1, stride));
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor y = second.apply(first.apply(x).relu());
      return y.add(shortcut == null ? x : shortcut.apply(x)).relu();
    }
  }

  private ResNet18(boolean small, long classes) {
    this.small = small;
    stem = child("stem", small ? new ConvNorm(3, 64, 3, 1) : new ConvNorm(3, 64, 7, 2));
    List<Block> all = new ArrayList<>();
    long in = 64;
    for (int stage = 0; stage < 4; stage++) {
      long out = 64L << stage;
      all.add(new Block(in, out, stage == 0 ? 1 : 2));
      all.add(new Block(out, out, 1));
      in = out;
    }
    blocks = children("block", all);
    head = child("head", new Linear(512, classes));
  }

  /** As in the paper, for pictures of 224 x 224: a 7x7 stem of stride 2, then max pooling. */
  public static ResNet18 large(long classes) {
    return new ResNet18(false, classes);
  }

  /** For pictures of 32 x 32: a 3x3 stem, no first pooling. */
  public static ResNet18 small(long classes) {
    return new ResNet18(true, classes);
  }

  @Override
  public Tensor apply(Tensor x) {
    Tensor h = stem.apply(x).relu();
    if (!small) {
      h = h.maxPool(PoolingOps.Options.of(3, 2, 1));
    }
    for (Block block : blocks) {
      h = block.apply(h);
    }
    return head.apply(h.mean(2, 3));
  }
}
