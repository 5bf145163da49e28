package org.lathe.models.nets;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.PixelDecoder;
import org.lathe.models.nn.PixelSampler;

/**
 * An autoregressive model of square grey pictures with a few levels: the probability of a picture is the product of its
 * pixels', each given those before it in raster order.
 */
public abstract class PixelNet extends Module {
  private final long side;
  private final long levels;
  private final long classes;

  /**
   * @param classes that pictures are conditioned on; 0 for none
   */
  protected PixelNet(long side, long levels, long classes) {
    if (side < 2 || levels < 2 || classes < 0) {
      throw new IllegalArgumentException(
          "pictures of side " + side + " in " + levels + " levels and " + classes + " classes: both are at least 2");
    }
    this.side = side;
    this.levels = levels;
    this.classes = classes;
  }

  public final long side() {
    return side;
  }

  public final long levels() {
    return levels;
  }

  /** 0 if pictures are not conditioned on a class. */
  public final long classes() {
    return classes;
  }

  /**
   * The logits of all pixels' levels at once, [batch, side, side, levels]; each depends on earlier pixels only.
   *
   * @param x i32 [batch, side, side]
   * @param label i32 [batch]; null for a net without classes
   */
  public abstract Tensor logits(Tensor x, @Nullable Tensor label);

  /** The same, one pixel after the other. */
  protected abstract PixelDecoder decoder(long batch, Tensor like, @Nullable Tensor label);

  /** The negative log-likelihood of each picture, [batch], in nats. Arguments as in {@link #logits}. */
  public final Tensor nats(Tensor x, @Nullable Tensor label) {
    Tensor each = LossOps.softmaxCrossEntropy(logits(x, label).reshape(-1, levels), x.flatten());
    return each.reshape(x.dim(0), side * side).sum(1);
  }

  /** Draws pictures; see {@link PixelSampler#draw}. */
  public final PixelSampler.Drawn draw(Tensor noise, Tensor given, @Nullable Tensor label) {
    return new PixelSampler(side, levels).draw(decoder(noise.dim(0), noise, label), noise, given);
  }

  /** i32 [batch, side, side] as [batch, levels, side, side], 1 at the level. All are 0 outside of the picture. */
  protected final Tensor channels(Tensor x) {
    return x.oneHot(levels, DType.F32).permute(0, 3, 1, 2);
  }

  /** A row of levels, i32 [side, batch], as [batch, levels, 1, side]. */
  protected final Tensor rowChannels(Tensor row) {
    return row.oneHot(levels, DType.F32).permute(1, 2, 0).expandDims(2);
  }

  /** Levels of one pixel, i32 [batch], as [batch, levels, 1, 1]. */
  protected final Tensor pixelChannels(Tensor level) {
    return level.oneHot(levels, DType.F32).reshape(level.dim(0), levels, 1, 1);
  }
}
