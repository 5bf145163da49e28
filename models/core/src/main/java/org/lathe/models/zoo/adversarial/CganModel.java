package org.lathe.models.zoo.adversarial;

import java.util.List;
import org.jspecify.annotations.Nullable;
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
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.Field;
import org.lathe.models.train.StepContext;

/**
 * A conditional GAN of digits (Mirza and Osindero 2014): noise [batch, 64] and a class as one-hot [batch, 10] to pictures
 * [batch, 1, 28, 28], and a discriminator of pictures and classes to logits [batch, 1], which is trained twice as often.
 * Both are perceptrons that see the class beside their input, 74-256-512-784 and 794-512-256-1.
 *
 * <p>It differs from the paper in batch norm in the generator, leaky ReLU instead of maxout in the discriminator, Adam
 * instead of momentum, and in that both networks see the class at their first layer, as a one-hot of {@value #LOUD}.
 */
final class CganModel extends AskedDigitsModel {
  private static final Sizes SIZES = new Sizes(10_000, 64, 64, CLASSES, 400, 10);
  private static final double SLOPE = 0.2;
  private static final double DROPPED = 0.3;

  CganModel() {
    super("cgan", "Mirza and Osindero 2014", SIZES);
  }

  private static final class Networks extends DigitNetworks {
    private final Mlp generator;
    private final Mlp critic;
    private final long noise;

    Networks(long noise, long narrow, long wide) {
      long pixels = (long) Digits.SIDE * Digits.SIDE;
      this.noise = noise;
      generator = child(
          "generator",
          new Mlp(Tensor::relu, Initializer.he(), 0, true, noise + CLASSES, narrow, wide, pixels));
      critic = child(
          "critic",
          new Mlp(x -> x.leakyRelu(SLOPE), Initializer.he(), DROPPED, false, pixels + CLASSES, wide, narrow, 1));
    }

    @Override
    Tensor make(Tensor from, @Nullable Tensor condition) {
      Tensor told = Conditioning.concat(from, new Sample(from, condition).asked().mul(LOUD));
      return generator.apply(told).tanh().reshape(-1, 1, Digits.SIDE, Digits.SIDE);
    }

    @Override
    Contest contest(long batch) {
      return new DigitContest(this, batch);
    }
  }

  private record DigitContest(Networks model, long batch) implements Contest {
    @Override
    public Module generator() {
      return model.generator;
    }

    @Override
    public Module critic() {
      return model.critic;
    }

    @Override
    public List<Field> criticFields() {
      return List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE), Field.ints("label", batch));
    }

    @Override
    public Sample real(StepContext c) {
      return new Sample(c.input("image").mul(2).sub(1), c.input("label").oneHot(CLASSES, DType.F32));
    }

    @Override
    public Sample fake(StepContext c) {
      Tensor condition = Conditioning.randomClasses(batch, CLASSES).oneHot(CLASSES, DType.F32);
      return new Sample(
          model.make(Forward.current().normal(Dims.of(batch, model.noise)), condition), condition);
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.critic.apply(Conditioning.concat(sample.x().flatten(1), sample.asked().mul(LOUD)));
    }
  }

  @Override
  DigitNetworks networks(boolean small) {
    return small ? new Networks(SMALL_NOISE, 5, 7) : new Networks(SIZES.noise(), 256, 512);
  }

  @Override
  Game game() {
    int steps = 2;
    return Game
        .of(
            AdversarialLoss.NON_SATURATING,
            new Adam(Schedule.cosine(1e-3, 1e-5, SIZES.total())).withBetas(0.5, 0.999),
            new Adam(Schedule.cosine(5e-4, 1e-5, steps * SIZES.total())).withBetas(0.5, 0.999))
        .alternating(Alternation.critic(steps));
  }
}
