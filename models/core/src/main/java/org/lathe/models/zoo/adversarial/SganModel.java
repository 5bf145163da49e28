package org.lathe.models.zoo.adversarial;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Alternation;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Conditioning;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Field;
import org.lathe.models.train.Group;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;

/**
 * A stacked GAN of digits (Huang, Li, Poursaeed, Hopcroft and Belongie 2017): an encoder reads features [batch, 64] in -1..1
 * of a picture [batch, 1, 28, 28], and then its class. Two generators undo it from the top, each with noise [batch, 32] of
 * its own: the upper one makes features of a class, the lower one a picture of features. Each has a critic of what it makes,
 * is told by the encoder whether it made what was asked for (the conditional loss), and has its noise read back by a third
 * network (the entropy loss). All are perceptrons.
 *
 * <p>First the encoder learns, then the rest. It differs from the paper in perceptrons instead of convolutions, in networks
 * of their own for reading the noise, where the paper's share layers with the critics, and in that both generators learn at
 * once, the lower one half from features of pictures and half from those of the upper one, where the paper trains them
 * first apart and then together.
 */
final class SganModel extends AskedDigitsModel {
  private static final Sizes SIZES = new Sizes(10_000, 64, 64, CLASSES, 250, 10);
  private static final int ENCODER_EPOCHS = 4;
  private static final long PIXELS = (long) Digits.SIDE * Digits.SIDE;
  private static final double SLOPE = 0.2;
  private static final double DROPPED = 0.3;
  /** The deviation of the noise on the pictures that the encoder learns from, without which small changes deceive it. */
  private static final double ENCODER_NOISE = 0.3;
  /** What the features of a made picture, in their distance from those asked for, count beside its critic's score. */
  private static final double CONDITIONAL = 5;
  private static final double ENTROPY = 0.5;

  SganModel() {
    super("sgan", "Huang, Li, Poursaeed, Hopcroft and Belongie 2017", SIZES);
  }

  /**
   * How wide the networks are.
   *
   * @param noise of each generator
   */
  private record Widths(long noise, long features, long narrow, long wide) {}

  private static Mlp reading(long... widths) {
    return new Mlp(x -> x.leakyRelu(SLOPE), Initializer.he(), widths);
  }

  private static Mlp judging(long... widths) {
    return new Mlp(x -> x.leakyRelu(SLOPE), Initializer.he(), DROPPED, false, widths);
  }

  private static Mlp making(long... widths) {
    return new Mlp(Tensor::relu, Initializer.he(), 0, true, widths);
  }

  /** Reads features of a picture, and its class off them. */
  private static final class Encoder extends Module {
    private final Mlp lower;
    private final Linear upper;

    Encoder(Widths w) {
      lower = child("lower", reading(PIXELS, w.narrow(), w.features()));
      upper = child("upper", new Linear(w.features(), CLASSES));
    }

    /**
     * @param picture [batch, 784] in -1..1
     */
    Tensor features(Tensor picture) {
      return lower.apply(picture).tanh();
    }

    Tensor classLoss(Tensor features, Tensor label) {
      return LossOps.softmaxCrossEntropy(upper.apply(features), label).mean();
    }
  }

  /** Both generators, and the networks that read their noise. */
  private static final class Generators extends Module {
    private final Mlp upper;
    private final Mlp lower;
    private final Mlp upperNoise;
    private final Mlp lowerNoise;

    Generators(Widths w) {
      upper = child("upper", making(CLASSES + w.noise(), w.narrow(), w.narrow(), w.features()));
      lower = child("lower", making(w.features() + w.noise(), w.narrow(), w.wide(), PIXELS));
      upperNoise = child("upper_noise", reading(w.features(), w.narrow(), w.noise()));
      lowerNoise = child("lower_noise", reading(PIXELS, w.narrow(), w.noise()));
    }

    /** Features of classes, as one-hot. */
    Tensor features(Tensor classes, Tensor noise) {
      return upper.apply(Conditioning.concat(noise, classes.mul(LOUD))).tanh();
    }

    /** Pictures [batch, 784] in -1..1 of features. */
    Tensor pictures(Tensor features, Tensor noise) {
      return lower.apply(Conditioning.concat(noise, features)).tanh();
    }
  }

  private static final class Critics extends Module {
    private final Mlp upper;
    private final Mlp lower;

    Critics(Widths w) {
      upper = child("upper", judging(w.features(), w.narrow(), w.narrow(), 1));
      lower = child("lower", judging(PIXELS, w.wide(), w.narrow(), 1));
    }
  }

  private static final class Networks extends DigitNetworks {
    private final Encoder encoder;
    private final Generators generators;
    private final Critics critics;
    private final Widths widths;

    Networks(Widths w) {
      widths = w;
      encoder = child("encoder", new Encoder(w));
      generators = child("generators", new Generators(w));
      critics = child("critics", new Critics(w));
    }

    @Override
    Tensor make(Tensor noise, @Nullable Tensor condition) {
      List<Tensor> noises = noise.split(1, 2);
      Tensor features = generators.features(new Sample(noise, condition).asked(), noises.get(0));
      return generators.pictures(features, noises.get(1)).reshape(-1, 1, Digits.SIDE, Digits.SIDE);
    }

    @Override
    Contest contest(long batch) {
      return new DigitContest(this, batch);
    }
  }

  private static Tensor given(StepContext c) {
    return c.input("image").flatten(1).mul(2).sub(1);
  }

  private static List<Field> fields(long batch) {
    return List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE), Field.ints("label", batch));
  }

  /**
   * The games of both generators as one: an example is features and a picture, side by side, and has two scores. What made
   * ones were asked to be is the features that the picture was made of, and the noise of both.
   */
  private record DigitContest(Networks model, long batch) implements Contest {
    @Override
    public Module generator() {
      return model.generators;
    }

    @Override
    public Module critic() {
      return model.critics;
    }

    @Override
    public List<Field> criticFields() {
      return fields(batch);
    }

    @Override
    public List<Field> generatorFields() {
      return fields(batch);
    }

    @Override
    public Sample real(StepContext c) {
      Tensor pictures = given(c);
      return Sample.of(Tensor.concat(1, model.encoder.features(pictures), pictures));
    }

    @Override
    public Sample fake(StepContext c) {
      Tensor classes = c.input("label").oneHot(CLASSES, DType.F32);
      Tensor noise = Forward.current().normal(Dims.of(batch, 2 * model.widths.noise()));
      List<Tensor> noises = noise.split(1, 2);
      Tensor real = model.encoder.features(given(c));
      Tensor made = model.generators.features(classes, noises.get(0));
      Tensor of = Tensor.concat(0, real.slice(0, 0, batch / 2), made.slice(0, batch / 2, batch));
      Tensor pictures = model.generators.pictures(of, noises.get(1));
      return new Sample(Tensor.concat(1, made, pictures), Tensor.concat(1, of, noise));
    }

    private Tensor features(Sample s) {
      return s.x().slice(1, 0, model.widths.features());
    }

    private Tensor pictures(Sample s) {
      return s.x().slice(1, model.widths.features(), s.x().dim(1));
    }

    @Override
    public Tensor judge(Sample s) {
      return Tensor.concat(1, model.critics.upper.apply(features(s)), model.critics.lower.apply(pictures(s)));
    }

    @Override
    public Tensor generatorTerm(StepContext c, Sample fake) {
      long features = model.widths.features();
      Tensor of = fake.asked().slice(1, 0, features);
      List<Tensor> noises = fake.asked().slice(1, features, fake.asked().dim(1)).split(1, 2);
      Tensor asClass = model.encoder.classLoss(features(fake), c.input("label"));
      Tensor asFeatures = apart(model.encoder.features(pictures(fake)), of);
      Tensor read = apart(model.generators.upperNoise.apply(features(fake)), noises.get(0))
          .add(apart(model.generators.lowerNoise.apply(pictures(fake)), noises.get(1)));
      return asClass.add(asFeatures.mul(CONDITIONAL)).add(read.mul(ENTROPY));
    }

    private static Tensor apart(Tensor found, Tensor asked) {
      return LossOps.squaredError(found, asked).mean();
    }
  }

  @Override
  DigitNetworks networks(boolean small) {
    return new Networks(small
        ? new Widths(SMALL_NOISE / 2, 4, 5, 7)
        : new Widths(SIZES.noise() / 2, 64, 256, 512));
  }

  @Override
  Opening opening(DigitNetworks networks, long batch) {
    Encoder encoder = ((Networks) networks).encoder;
    Step step = Step.training(
        "encoder",
        networks,
        fields(batch),
        c -> {
          Tensor pictures = given(c);
          Tensor noisy = pictures.add(Forward.current().normal(pictures.shape()).mul(ENCODER_NOISE));
          Tensor loss = encoder.classLoss(encoder.features(noisy), c.input("label"));
          c.minimize(loss, Group.of("encoder", encoder, new Adam(1e-3)));
          c.report("loss", loss);
        });
    return new Opening(step, ENCODER_EPOCHS);
  }

  @Override
  Game game() {
    int steps = 2;
    return Game
        .of(AdversarialLoss.NON_SATURATING, adam(1e-3, SIZES.total()), adam(5e-4, steps * SIZES.total()))
        .alternating(Alternation.critic(steps));
  }

  private static Adam adam(double rate, long steps) {
    return new Adam(Schedule.cosine(rate, 1e-5, steps)).withBetas(0.5, 0.999);
  }
}
