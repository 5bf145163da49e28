package org.lathe.models.nets;

import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Convolutions;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nn.BatchNorm;
import org.lathe.models.nn.Conv2d;
import org.lathe.models.nn.ConvTranspose2d;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;

/**
 * A deep convolutional GAN (Radford, Metz and Chintala 2016) for 28 x 28 grey pictures in -1..1: a generator from noise
 * [batch, noise] to [batch, 1, 28, 28], and a discriminator that mirrors it, to logits [batch, 1]. Batch norm in all layers
 * but the generator's last and the discriminator's first.
 */
public final class Dcgan extends Module {
  /** The paper's noise. */
  public static final long NOISE = 100;

  /** The paper's first weights. */
  public static final Initializer SMALL = Initializer.normal(0.02);

  private static final Convolutions.Options HALVE = Convolutions.Options.of(2, 1);
  private static final double SLOPE = 0.2;

  private final Generator generator;
  private final Discriminator discriminator;

  /**
   * How large it is and how it begins.
   *
   * @param noise its width
   * @param channels at 14 x 14; at 7 x 7 there are twice as many
   * @param hidden units of a dense layer after the noise and of one before the logit, which see the whole picture, as in
   *     infogan's networks for digits (Chen et al. 2016); 0 for none, as the paper has it
   * @param weights how they begin
   */
  public record Options(long noise, long channels, long hidden, Initializer weights) {
    /** The paper's noise and weights, 128 and 64 channels, nothing hidden. */
    public static final Options PLAIN = new Options(NOISE, 64, 0, SMALL);
  }

  /** {@link Options#PLAIN}. */
  public Dcgan() {
    this(Options.PLAIN);
  }

  public Dcgan(Options options) {
    generator = child("generator", new Generator(options));
    discriminator = child("discriminator", new Discriminator(options));
  }

  public Generator generator() {
    return generator;
  }

  public Discriminator discriminator() {
    return discriminator;
  }

  /** A dense layer and batch norm. */
  private static final class Dense extends Module implements Layer {
    private final Linear linear;
    private final BatchNorm norm;

    Dense(long in, long out, Initializer weights) {
      linear = child("linear", new Linear(in, out, weights, null));
      norm = child("norm", new BatchNorm(out));
    }

    @Override
    public Tensor apply(Tensor x) {
      return norm.apply(linear.apply(x));
    }
  }

  /** noise - (hidden) - (2c x 7 x 7) - (c x 14 x 14) - (1 x 28 x 28). */
  public static final class Generator extends Module implements Layer {
    private final long channels;
    private final @Nullable Dense hidden;
    private final Linear first;
    private final BatchNorm firstNorm;
    private final ConvTranspose2d up;
    private final BatchNorm upNorm;
    private final ConvTranspose2d last;

    private Generator(Options o) {
      channels = o.channels();
      hidden = o.hidden() == 0 ? null : child("hidden", new Dense(o.noise(), o.hidden(), o.weights()));
      long in = hidden == null ? o.noise() : o.hidden();
      first = child("first", new Linear(in, 2 * channels * 7 * 7, o.weights(), null));
      firstNorm = child("first_norm", new BatchNorm(2 * channels));
      up = child("up", new ConvTranspose2d(2 * channels, channels, 4, HALVE, o.weights(), null));
      upNorm = child("up_norm", new BatchNorm(channels));
      last = child("last", new ConvTranspose2d(channels, 1, 4, HALVE, o.weights(), Initializer.ZEROS));
    }

    @Override
    public Tensor apply(Tensor noise) {
      Tensor x = hidden == null ? noise : hidden.apply(noise).relu();
      Tensor h = firstNorm.apply(first.apply(x).reshape(-1, 2 * channels, 7, 7)).relu();
      return last.apply(upNorm.apply(up.apply(h)).relu()).tanh();
    }
  }

  /** (1 x 28 x 28) - (c x 14 x 14) - (2c x 7 x 7) - (hidden) - 1. */
  public static final class Discriminator extends Module implements Layer {
    private final Conv2d first;
    private final Conv2d down;
    private final BatchNorm downNorm;
    private final @Nullable Dense hidden;
    private final Linear last;

    private Discriminator(Options o) {
      long channels = o.channels();
      long features = 2 * channels * 7 * 7;
      first = child("first", new Conv2d(1, channels, 4, HALVE, o.weights(), Initializer.ZEROS));
      down = child("down", new Conv2d(channels, 2 * channels, 4, HALVE, o.weights(), null));
      downNorm = child("down_norm", new BatchNorm(2 * channels));
      hidden = o.hidden() == 0 ? null : child("hidden", new Dense(features, o.hidden(), o.weights()));
      last = child("last", new Linear(hidden == null ? features : o.hidden(), 1, o.weights()));
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor h = first.apply(x).leakyRelu(SLOPE);
      Tensor f = downNorm.apply(down.apply(h)).leakyRelu(SLOPE).flatten(1);
      return last.apply(hidden == null ? f : hidden.apply(f).leakyRelu(SLOPE));
    }
  }
}
