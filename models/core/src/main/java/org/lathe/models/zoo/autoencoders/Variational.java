package org.lathe.models.zoo.autoencoders;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.ConvolutionalCoder;
import org.lathe.models.nets.Latent;
import org.lathe.models.nets.Vae;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.zoo.autoencoders.VariationalAutoencoder.Course;
import org.lathe.models.zoo.autoencoders.VariationalAutoencoder.Net;
import org.lathe.models.zoo.autoencoders.VariationalAutoencoder.Objective;
import org.lathe.models.zoo.autoencoders.VariationalModel.Found;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.ZooModel;

/**
 * The variational autoencoders of digits. Pictures are [batch, 1, 28, 28], codes [batch, 20] unless said otherwise.
 *
 * <p>Bars of negative evidence lower bounds are in nats for each picture. On the digits made from a seed a model of
 * independent pixels has 226, and no model of Bernoulli pixels comes below the entropy of their grey values, 93.
 * {@value #HALF_WAY} is half way between, {@value #THIRD_OF_THE_WAY} a third of the way. Each model passes only if a LeNet-5,
 * trained on the same digits in the same run, is sure of at least half of the pictures that it makes from noise, and finds
 * all ten digits among them.
 */
final class Variational {
  static final double HALF_WAY = 159;
  static final double THIRD_OF_THE_WAY = 182;

  private static final String BOUND = "negative_elbo";
  private static final String DATA = "digits, or mnist:DIR";
  private static final int PIXELS = Digits.SIDE * Digits.SIDE;
  private static final int SMALL = 4;
  private static final int CLASSES = 10;
  private static final long CODE = 20;

  private Variational() {}

  private static Net dense(Latent latent, Latent small) {
    return new Net(
        () -> Vae.dense(latent, PIXELS, 0, 400), () -> Vae.dense(small, SMALL * SMALL, 0, 7), SMALL, false);
  }

  private static Net gaussian() {
    return dense(new Latent.Gaussian(CODE), new Latent.Gaussian(3));
  }

  /** Two hidden layers on each side and a code of 12. */
  private static Net deep(int classes) {
    return new Net(
        () -> Vae.deep(new Latent.Gaussian(12), PIXELS, classes, 400, 200),
        () -> Vae.deep(new Latent.Gaussian(3), SMALL * SMALL, classes, 7, 5), SMALL, classes > 0);
  }

  private static Course course(int epochs) {
    return new Course(new Adam(Schedule.exponential(2e-3, 0.5, 1500)), 128, epochs);
  }

  /**
   * 784-400-200-12-200-400-784, ReLU: with a second layer on each side fewer numbers say more of a picture, and come nearer
   * to the prior. Beside it {@code vae/bits} is trained, 784-400-40-400-784, whose code is 40 bits, by the score function's
   * estimate of the gradient; a third of the way is its bar.
   */
  static ZooModel vae() {
    VariationalAutoencoder own = new VariationalAutoencoder("vae", deep(0), Objective.BOUND, course(20));
    VariationalAutoencoder bits = new VariationalAutoencoder(
        "vae/bits", dense(new Latent.Bits(40), new Latent.Bits(3)), new Objective(1, 0, 4), course(7));
    return model(
        "vae", "Kingma and Welling 2014", HALF_WAY, own, bits,
        f -> List.of(new Requirement("bits_" + BOUND, Direction.LOWER, f.beside().bound(), THIRD_OF_THE_WAY)));
  }

  /** Two convolutions down, two transposed convolutions up; see {@link ConvolutionalCoder}. */
  static ZooModel conv() {
    Net net = new Net(
        () -> convolutional(new ConvolutionalCoder.Shape(Digits.SIDE, 16, 32), CODE),
        () -> convolutional(new ConvolutionalCoder.Shape(SMALL, 2, 3), 3), SMALL, false);
    return model(
        "conv-vae", "Kingma and Welling 2014; Masci, Meier, Ciresan and Schmidhuber 2011", HALF_WAY,
        new VariationalAutoencoder("conv-vae", net, Objective.BOUND, course(12)), null, f -> List.of());
  }

  private static Vae convolutional(ConvolutionalCoder.Shape shape, long code) {
    Latent latent = new Latent.Gaussian(code);
    return new Vae(
        latent, new ConvolutionalCoder.Encoder(shape, latent.parameters()),
        new ConvolutionalCoder.Decoder(shape, code));
  }

  /**
   * Encoder and decoder see the digit's class, one-hot, so that the class can be asked for: 794-400-200-12 and
   * 22-200-400-784, ReLU; a code is [batch, 12]. The divergence weighs twice as much as in the bound, so that codes come near
   * the prior that pictures are made from, and do not say the class again; the bound itself is still to be half way.
   */
  static ZooModel conditional() {
    VariationalAutoencoder own = new VariationalAutoencoder("cvae", deep(CLASSES), new Objective(2, 0, 0), course(15));
    Card card = new Card(
        "cvae", Autoencoders.FAMILY, "Sohn, Lee and Yan 2015", "asked_class", Direction.HIGHER, 0.8, DATA);
    return new VariationalModel(
        card, own, null, Found::asked,
        f -> List.of(new Requirement(BOUND, Direction.LOWER, f.own().bound(), HALF_WAY)));
  }

  /**
   * The divergence weighs 4 times as much as in the bound, after a rise from 0 over the first 500 steps. Beside it
   * {@code beta-vae/plain} is trained, with the bound's own weight: the code is to carry at most three quarters of the nats
   * that it carries there, and the bound, which is not what is minimised, is still to be a third of the way.
   */
  static ZooModel beta() {
    VariationalAutoencoder own = new VariationalAutoencoder(
        "beta-vae", gaussian(), new Objective(4, 500, 0), course(8));
    VariationalAutoencoder plain = new VariationalAutoencoder(
        "beta-vae/plain", gaussian(), Objective.BOUND, course(8));
    return model(
        "beta-vae", "Higgins et al. 2017; Bowman et al. 2016", THIRD_OF_THE_WAY, own, plain,
        f -> List.of(
            new Requirement(
                "divergence_over_plain", Direction.LOWER, f.own().divergence() / f.beside().divergence(), 0.75)));
  }

  private static ZooModel model(
      String name, String paper, double bar, VariationalAutoencoder own, @Nullable VariationalAutoencoder other,
      Function<Found, List<Requirement>> requirements) {
    Card card = new Card(name, Autoencoders.FAMILY, paper, BOUND, Direction.LOWER, bar, DATA);
    return new VariationalModel(card, own, other, f -> f.own().bound(), requirements);
  }
}
