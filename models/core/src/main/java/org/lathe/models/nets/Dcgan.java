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
 * [batch, 100] to [batch, 1, 28, 28], and a discriminator that mirrors it, to logits [batch, 1]. Batch norm in all layers
 * but the generator's last and the discriminator's first.
 */
public final class Dcgan extends Module {
  public static final long NOISE = 100;

  private static final Convolutions.Options HALVE = Convolutions.Options.of(2, 1);
  private static final Initializer SMALL = Initializer.normal(0.02);
  private static final double SLOPE = 0.2;

  private final Generator generator = child("generator", new Generator());
  private final Discriminator discriminator = child("discriminator", new Discriminator());

  public Generator generator() {
    return generator;
  }

  public Discriminator discriminator() {
    return discriminator;
  }

  /** 100 - (128 x 7 x 7) - (64 x 14 x 14) - (1 x 28 x 28). */
  public static final class Generator extends Module implements Layer {
    private final Linear first = child("first", new Linear(NOISE, 128 * 7 * 7, SMALL, null));
    private final BatchNorm firstNorm = child("first_norm", new BatchNorm(128));
    private final ConvTranspose2d up = child("up", new ConvTranspose2d(128, 64, 4, HALVE, SMALL, null));
    private final BatchNorm upNorm = child("up_norm", new BatchNorm(64));
    private final ConvTranspose2d last = child("last", new ConvTranspose2d(64, 1, 4, HALVE));

    @Override
    public Tensor apply(Tensor noise) {
      Tensor h = firstNorm.apply(first.apply(noise).reshape(-1, 128, 7, 7)).relu();
      return last.apply(upNorm.apply(up.apply(h)).relu()).tanh();
    }
  }

  /** (1 x 28 x 28) - (64 x 14 x 14) - (128 x 7 x 7) - 1. */
  public static final class Discriminator extends Module implements Layer {
    private final Conv2d first = child("first", new Conv2d(1, 64, 4, HALVE, SMALL, Initializer.ZEROS));
    private final Conv2d down = child("down", new Conv2d(64, 128, 4, HALVE, SMALL, null));
    private final BatchNorm downNorm = child("down_norm", new BatchNorm(128));
    private final Linear last = child("last", new Linear(128 * 7 * 7, 1, SMALL));

    @Override
    public Tensor apply(Tensor x) {
      Tensor h = first.apply(x).leakyRelu(SLOPE);
      return last.apply(downNorm.apply(down.apply(h)).leakyRelu(SLOPE).flatten(1));
    }
  }
}
