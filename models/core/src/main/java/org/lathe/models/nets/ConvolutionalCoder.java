package org.lathe.models.nets;

import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.ConvTranspose2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * The two halves of a convolutional autoencoder of grey pictures (after Masci, Meier, Ciresan and Schmidhuber 2011):
 * convolutions of stride 2 down, transposed convolutions of stride 2 up (Zeiler et al. 2010), 4 x 4 filters, ReLU between.
 *
 * <p>They differ from the paper in strides instead of pooling, and in weights that are not tied.
 */
public final class ConvolutionalCoder {
  private static final Convolutions.Options HALVE = Convolutions.Options.of(2, 1);
  private static final long SIZE = 4;

  private ConvolutionalCoder() {}

  /**
   * The sizes of both halves.
   *
   * @param side of the pictures, a multiple of 4
   * @param first channels at half of the side
   * @param second channels at a quarter
   */
  public record Shape(long side, long first, long second) {
    public Shape {
      if (side % 4 != 0) {
        throw new IllegalArgumentException("the pictures' side is halved twice and so is a multiple of 4, not " + side);
      }
    }

    long features() {
      return second * side / 4 * side / 4;
    }
  }

  /** [batch, side * side] to [batch, out]. */
  public static final class Encoder extends Module implements Layer {
    private final Shape shape;
    private final Conv2d first;
    private final Conv2d second;
    private final Linear last;

    public Encoder(Shape shape, long out) {
      this.shape = shape;
      first = child("first", new Conv2d(1, shape.first(), SIZE, HALVE));
      second = child("second", new Conv2d(shape.first(), shape.second(), SIZE, HALVE));
      last = child("last", new Linear(shape.features(), out));
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor h = first.apply(x.reshape(-1, 1, shape.side(), shape.side())).relu();
      return last.apply(second.apply(h).relu().flatten(1));
    }
  }

  /** [batch, in] to logits [batch, side * side]. */
  public static final class Decoder extends Module implements Layer {
    private final Shape shape;
    private final Linear first;
    private final ConvTranspose2d second;
    private final ConvTranspose2d last;

    public Decoder(Shape shape, long in) {
      this.shape = shape;
      first = child("first", new Linear(in, shape.features(), Initializer.he()));
      second = child("second", up(shape.second(), shape.first()));
      last = child("last", up(shape.first(), 1));
    }

    /** He's weights: of a filter of 16 weights 4 meet in each pixel. */
    private static ConvTranspose2d up(long in, long out) {
      return new ConvTranspose2d(in, out, SIZE, HALVE, Initializer.normal(Math.sqrt(2.0 / (4 * in))),
          Initializer.ZEROS);
    }

    @Override
    public Tensor apply(Tensor code) {
      long quarter = shape.side() / 4;
      Tensor h = first.apply(code).relu().reshape(-1, shape.second(), quarter, quarter);
      return last.apply(second.apply(h).relu()).flatten(1);
    }
  }
}
