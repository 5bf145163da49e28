package org.lathe.models.nn;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;

/**
 * A masked convolution over pictures in raster order (van den Oord, Kalchbrenner and Kavukcuoglu 2016), of stride 1 and with
 * zeros around the picture: [batch, in, height, width] to [batch, out, height, width].
 *
 * <p>Its filters hold only the taps that the mask lets pass, so that nothing is multiplied with zeros and no later pixel is
 * even read. The paper's square masks are sums of two of these: A is {@link Mask#ABOVE} and {@link Mask#LEFT}, B is
 * {@link Mask#ABOVE} and {@link Mask#LEFT_AND_SELF}; the two stacks of a gated PixelCNN use one each.
 *
 * <p>Parameters: {@code weight} [out, in, rows, columns] by the mask, {@code bias} [out].
 */
public final class MaskedConv2d extends Module implements Layer {
  /** What an output sees of the square of {@code size} pixels around it. */
  public enum Mask {
    /** The rows above. */
    ABOVE,
    /** The rows above, and its whole own row: for features that themselves know the rows above only. */
    ABOVE_AND_ROW,
    /** The pixels to its left in its row. */
    LEFT,
    /** The pixels to its left in its row, and itself. */
    LEFT_AND_SELF
  }

  private final Mask mask;
  private final long in;
  private final long reach;
  private final Parameter weight;
  private final Parameter bias;

  /**
   * @param size odd, at least 3
   */
  public MaskedConv2d(Mask mask, long in, long out, long size) {
    this(mask, in, out, size, Initializer.ZEROS);
  }

  public MaskedConv2d(Mask mask, long in, long out, long size, Initializer biases) {
    if (size < 3 || size % 2 == 0) {
      throw new IllegalArgumentException("a masked convolution's size is odd and at least 3, not " + size);
    }
    this.mask = mask;
    this.in = in;
    reach = size / 2;
    boolean rows = mask == Mask.ABOVE || mask == Mask.ABOVE_AND_ROW;
    weight = parameter("weight", Initializer.xavier(), out, in, rows ? taps() : 1, rows ? size : taps());
    bias = parameter("bias", biases, out);
  }

  @Override
  public Tensor apply(Tensor x) {
    return switch (mask) {
      case ABOVE -> convolve(x.slice(2, 0, x.dim(2) - 1), reach, reach, reach);
      case ABOVE_AND_ROW -> convolve(x, reach, reach, reach);
      case LEFT -> convolve(x.slice(3, 0, x.dim(3) - 1), 0, reach, 0);
      case LEFT_AND_SELF -> convolve(x, 0, reach, 0);
    };
  }

  /** The rows, or the pixels of a row, that one row or one pixel of the output is computed from. */
  public long taps() {
    return mask == Mask.ABOVE || mask == Mask.LEFT ? reach : reach + 1;
  }

  /** Of {@link #taps}: those before the output's own row or pixel. */
  public long reach() {
    return reach;
  }

  /** Channels of the input. */
  public long in() {
    return in;
  }

  /**
   * One row or one pixel of {@link #apply}, from what it sees: rows [batch, in, taps, width] to [batch, out, 1, width], or
   * pixels [batch, in, 1, taps] to [batch, out, 1, 1].
   */
  public Tensor applyOne(Tensor seen) {
    boolean rows = mask == Mask.ABOVE || mask == Mask.ABOVE_AND_ROW;
    return convolve(seen, 0, rows ? reach : 0, rows ? reach : 0);
  }

  private Tensor convolve(Tensor x, long top, long left, long right) {
    return x.conv2d(weight.tensor(), Convolutions.Options.DEFAULT.withPad(top, left, 0, right))
        .add(bias.tensor().reshape(-1, 1, 1));
  }
}
