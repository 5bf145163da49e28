package org.lathe.models.nets;

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

  private static final long CHANNELS = 64;
  private static final Convolutions.Options HALVE = Convolutions.Options.of(2, 1);
  private static final Initializer SMALL = Initializer.normal(0.02);
  private static final double SLOPE = 0.2;

  private final Generator generator;
  private final Discriminator discriminator;

  /** Of 100 numbers, with 128 and 64 channels. */
  public Dcgan() {
    this(NOISE, CHANNELS);
  }

  /**
   * @param noise its width
   * @param channels at 14 x 14; at 7 x 7 there are twice as many
   */
  public Dcgan(long noise, long channels) {
    generator = child("generator", new Generator(noise, channels));
    discriminator = child("discriminator", new Discriminator(channels));
  }

  public Generator generator() {
    return generator;
  }

  public Discriminator discriminator() {
    return discriminator;
  }

  /** noise - (2c x 7 x 7) - (c x 14 x 14) - (1 x 28 x 28). */
  public static final class Generator extends Module implements Layer {
    private final long channels;
    private final Linear first;
    private final BatchNorm firstNorm;
    private final ConvTranspose2d up;
    private final BatchNorm upNorm;
    private final ConvTranspose2d last;

    private Generator(long noise, long channels) {
      this.channels = channels;
      first = child("first", new Linear(noise, 2 * channels * 7 * 7, SMALL, null));
      firstNorm = child("first_norm", new BatchNorm(2 * channels));
      up = child("up", new ConvTranspose2d(2 * channels, channels, 4, HALVE, SMALL, null));
      upNorm = child("up_norm", new BatchNorm(channels));
      last = child("last", new ConvTranspose2d(channels, 1, 4, HALVE));
    }

    @Override
    public Tensor apply(Tensor noise) {
      Tensor h = firstNorm.apply(first.apply(noise).reshape(-1, 2 * channels, 7, 7)).relu();
      return last.apply(upNorm.apply(up.apply(h)).relu()).tanh();
    }
  }

  /** (1 x 28 x 28) - (c x 14 x 14) - (2c x 7 x 7) - 1. */
  public static final class Discriminator extends Module implements Layer {
    private final Conv2d first;
    private final Conv2d down;
    private final BatchNorm downNorm;
    private final Linear last;

    private Discriminator(long channels) {
      first = child("first", new Conv2d(1, channels, 4, HALVE, SMALL, Initializer.ZEROS));
      down = child("down", new Conv2d(channels, 2 * channels, 4, HALVE, SMALL, null));
      downNorm = child("down_norm", new BatchNorm(2 * channels));
      last = child("last", new Linear(2 * channels * 7 * 7, 1, SMALL));
    }

    @Override
    public Tensor apply(Tensor x) {
      Tensor h = first.apply(x).leakyRelu(SLOPE);
      return last.apply(downNorm.apply(down.apply(h)).leakyRelu(SLOPE).flatten(1));
    }
  }
}
