package org.lathe.models.zoo.adversarial;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.Dcgan;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.MovingAverage;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.DigitReview;

/**
 * A deep convolutional GAN of digits (Radford, Metz and Chintala 2016): noise [batch, 32] to pictures [batch, 1, 28, 28];
 * see {@link Dcgan}.
 *
 * <p>The bar is that a LeNet-5, trained on the same digits in the same run, is sure of at least 80% of the samples. It
 * passes only if all ten digits are among them, if their Frechet distance from held-out digits is at most a
 * {@value #NEARER}th of that of noise, and if none is a copy of a training picture.
 *
 * <p>It differs from the paper in two convolutions instead of four, and so in a dense layer of 512 units on each side, by
 * which the parts of a digit fit together (Chen et al. 2016); in less noise, in rates that begin twice as high, as it makes
 * few steps, and fall; in targets of 0.9 for real pictures (Salimans et al. 2016); and in that samples are made by moving
 * averages of the generator's parameters (Yazici et al. 2019).
 */
final class DcganModel extends DigitGanModel {
  private static final Sizes SIZES = new Sizes(20_000, 64, 32, 0, 150, 34);
  private static final Dcgan.Options NETS = new Dcgan.Options(SIZES.noise(), 32, 512, Dcgan.SMALL);
  /** Begun wider: with the paper's weights all that ReLU sees of a small net lies at its kink. */
  private static final Dcgan.Options SMALL_NETS = new Dcgan.Options(SMALL_NOISE, 2, 5, Initializer.he());
  /** Of the averages: some 200 steps count. */
  private static final double DECAY = 0.995;
  private static final double SURE = 0.8;
  private static final int NEARER = 10;

  DcganModel() {
    super(
        new Card(
            "dcgan",
            Adversarial.FAMILY,
            "Radford, Metz and Chintala 2016",
            "sure_share",
            Direction.HIGHER,
            SURE,
            "digits, or mnist:DIR"),
        SIZES);
  }

  /** Both networks, as they play. */
  private static final class Networks extends DigitNetworks {
    private final Dcgan net;
    private final MovingAverage average;
    private final long noise;

    Networks(Dcgan.Options options) {
      noise = options.noise();
      net = child("net", new Dcgan(options));
      average = child("average", new MovingAverage(net.generator(), DECAY));
    }

    @Override
    Tensor make(Tensor from, @Nullable Tensor condition) {
      return average.inferring(() -> net.generator().apply(from));
    }

    @Override
    Contest contest(long batch) {
      return new DigitContest(this, batch);
    }
  }

  private record DigitContest(Networks model, long batch) implements Contest {
    @Override
    public Module generator() {
      return model.net.generator();
    }

    @Override
    public Module critic() {
      return model.net.discriminator();
    }

    @Override
    public List<Field> criticFields() {
      return List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE));
    }

    @Override
    public Sample real(StepContext c) {
      return Sample.of(c.input("image").mul(2).sub(1));
    }

    @Override
    public Sample fake(StepContext c) {
      return Sample.of(model.net.generator().apply(Forward.current().normal(Dims.of(batch, model.noise))));
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.net.discriminator().apply(sample.x());
    }

    @Override
    public boolean judgesByBatch() {
      return true;
    }

    @Override
    public void generatorUpdated(StepContext c) {
      model.average.follow(c.stepNumber());
    }
  }

  @Override
  DigitNetworks networks(boolean small) {
    return new Networks(small ? SMALL_NETS : NETS);
  }

  @Override
  Game game() {
    Adam adam = new Adam(Schedule.cosine(4e-4, 1e-5, SIZES.total())).withBetas(0.5, 0.999);
    return Game.of(AdversarialLoss.smoothed(0.9), adam, adam);
  }

  @Override
  TrainResult result(TrainRequest request, Trial trial) {
    DigitReview.Found found = trial.found();
    double bound = trial.review().ofNoise() / NEARER;
    if (found.classes() < 10) {
      return missed("classes", found.classes(), 10, trial);
    }
    if (found.frechet() > bound) {
      return missed("frechet", found.frechet(), bound, trial);
    }
    if (trial.neighbours().copies() > 0) {
      return missed("copies", trial.neighbours().copies(), 0, trial);
    }
    return card().result(found.sure(), trial.outcome().seconds(), trial.outcome().checkpoint());
  }
}
