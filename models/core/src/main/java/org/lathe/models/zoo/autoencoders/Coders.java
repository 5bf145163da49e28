package org.lathe.models.zoo.autoencoders;

import org.lathe.compiler.op.Tensor;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.Autoencoder;
import org.lathe.models.nets.ConvolutionalCoder;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Centering;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Sequential;
import org.lathe.models.zoo.autoencoders.PictureAutoencoder.Net;

/** The networks of autoencoders of digits; each with a smaller one for checks. */
final class Coders {
  private static final int PIXELS = Digits.SIDE * Digits.SIDE;
  private static final int SMALL = 4;

  private Coders() {}

  /** One matrix down and one up, without an activation, of pictures without their mean. */
  static Net linear(long code) {
    return new Net(() -> linear(PIXELS, code), () -> linear(SMALL * SMALL, 3), SMALL);
  }

  private static Autoencoder linear(long in, long code) {
    return new Autoencoder(new Sequential(new Centering(in), new Linear(in, code)), new Linear(code, in));
  }

  /** 784-256-64-code and back, ReLU between, the code linear. */
  static Net dense(long code) {
    return new Net(() -> dense(PIXELS, 256, 64, code), () -> dense(SMALL * SMALL, 7, 5, 3), SMALL);
  }

  private static Autoencoder dense(long in, long first, long second, long code) {
    return new Autoencoder(
        new Mlp(Tensor::relu, Initializer.he(), in, first, second, code),
        new Mlp(Tensor::relu, Initializer.he(), code, second, first, in));
  }

  /** Convolutions down, transposed convolutions up, the code linear; see {@link ConvolutionalCoder}. */
  static Net convolutional(long code) {
    return new Net(
        () -> convolutional(new ConvolutionalCoder.Shape(Digits.SIDE, 16, 32), code),
        () -> convolutional(new ConvolutionalCoder.Shape(SMALL, 2, 3), 3), SMALL);
  }

  private static Autoencoder convolutional(ConvolutionalCoder.Shape shape, long code) {
    return new Autoencoder(
        new ConvolutionalCoder.Encoder(shape, code), new ConvolutionalCoder.Decoder(shape, code));
  }

  /**
   * One hidden layer of sigmoid units, which is the code. The encoder's weights are {@code net.encoder.0.weight}.
   *
   * @param activation with which the units begin
   */
  static Net sigmoid(long code, double activation) {
    return new Net(() -> sigmoid(PIXELS, code, activation), () -> sigmoid(SMALL * SMALL, 7, activation), SMALL);
  }

  private static Autoencoder sigmoid(long in, long code, double activation) {
    Initializer bias = Initializer.constant(Math.log(activation / (1 - activation)));
    return new Autoencoder(
        new Sequential(new Linear(in, code, Initializer.xavier(), bias), Tensor::sigmoid), new Linear(code, in));
  }
}
