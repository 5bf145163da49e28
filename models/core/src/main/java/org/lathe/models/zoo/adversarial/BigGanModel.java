package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.data.Digits;
import org.lathe.models.nets.BigGan;
import org.lathe.models.nn.Conditioning;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Module;
import org.lathe.models.nn.MovingAverage;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Regularizer;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Field;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.model.Blueprint;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.DigitReview;
import org.lathe.models.zoo.parts.PictureGrid;

/**
 * BigGAN on digits of ten classes, set in a border of two pixels to 32 x 32 (see {@link BigGan}): noise [batch, 64] and a
 * class as one-hot [batch, 10] to pictures [batch, 1, 32, 32], of which the inner [batch, 1, 28, 28] are shown. Hinge losses,
 * a penalty on filters of the generator that are not orthogonal, and pictures that are made with a moving average of the
 * generator's parameters, of noise that is drawn anew where it is beyond {@value #TRUNCATION}. A run takes other thresholds,
 * {@code class:3,7@0.5}.
 *
 * <p>The bar is that a LeNet-5, trained on the same digits in the same run, reads the asked digit in at least 80% of the
 * samples. It passes only if none is a copy of a training picture.
 *
 * <p>It differs from the paper in its size, in batches of {@value #BATCH}, in one critic step for each of the generator's, in
 * higher rates that fall, and in that the running means of batch norms are averaged with the parameters and not measured anew.
 * So short a training leaves pictures of one class much alike.
 */
final class BigGanModel extends DigitGanModel {
  private static final int CLASSES = 10;
  private static final int BATCH = 32;
  private static final double READ = 0.8;
  private static final double TRUNCATION = 1.5;
  /** Looked at beside that one. */
  private static final double[] THRESHOLDS = {0.25, 0.5, 1, 2, Double.POSITIVE_INFINITY};
  private static final int COLUMNS = CLASSES;
  /** Of pictures at each threshold. */
  private static final int LINES = 2;
  private static final double DECAY = 0.998;
  private static final BigGan.Options OPTIONS = BigGan.Options.small(CLASSES);
  private static final Sizes SIZES = new Sizes(10_000, BATCH, (int) OPTIONS.noise(), CLASSES, 200, 6);
  private static final long BORDER = 2;

  BigGanModel() {
    super(
        new Card(
            "biggan", Adversarial.FAMILY, "Brock, Donahue and Simonyan 2019", "asked_share", Direction.HIGHER, READ,
            "digits, or mnist:DIR"),
        SIZES);
  }

  private static final class Networks extends DigitNetworks {
    private final BigGan nets;
    private final MovingAverage average;
    private final long noise;

    Networks(BigGan.Options options) {
      nets = child("nets", new BigGan(options));
      average = child("average", new MovingAverage(nets.generator(), DECAY));
      noise = options.noise();
    }

    @Override
    Tensor make(Tensor from, @Nullable Tensor condition) {
      Tensor asked = new Sample(from, condition).asked();
      Tensor made = average.inferring(() -> nets.generator().apply(from, asked));
      return made.slice(2, BORDER, BORDER + Digits.SIDE).slice(3, BORDER, BORDER + Digits.SIDE);
    }

    @Override
    Contest contest(long batch) {
      return new BigContest(this, batch);
    }
  }

  private record BigContest(Networks model, long batch) implements Contest {
    @Override
    public Module generator() {
      return model.nets.generator();
    }

    @Override
    public Module critic() {
      return model.nets.critic();
    }

    @Override
    public List<Field> criticFields() {
      return List.of(Field.floats("image", batch, 1, Digits.SIDE, Digits.SIDE), Field.ints("label", batch));
    }

    @Override
    public Sample real(StepContext c) {
      Dims border = Dims.of(0, 0, BORDER, BORDER);
      return new Sample(
          c.input("image").mul(2).sub(1).pad(border, border, -1), c.input("label").oneHot(CLASSES, DType.F32));
    }

    @Override
    public Sample fake(StepContext c) {
      Tensor condition = Conditioning.randomClasses(batch, CLASSES).oneHot(CLASSES, DType.F32);
      Tensor noise = Forward.current().normal(Dims.of(batch, model.noise));
      return new Sample(model.nets.generator().apply(noise, condition), condition);
    }

    @Override
    public void generatorUpdated(StepContext c) {
      model.average.follow(c.stepNumber());
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.nets.critic().apply(sample.x(), sample.asked());
    }
  }

  @Override
  DigitNetworks networks(boolean small) {
    return new Networks(
        small ? new BigGan.Options(1, CLASSES, 1, 2, List.of(2L, 2L, 2L, 2L), 8) : OPTIONS);
  }

  /**
   * Two examples: with as many real as made ones within the hinges, the slope of the critic's last bias is 0, which sums of
   * thirds miss by their rounding.
   */
  @Override
  public Blueprint checkBlueprint() {
    return blueprint(2, true);
  }

  @Override
  Game game() {
    return Game
        .of(
            AdversarialLoss.HINGE, new Adam(Schedule.cosine(3e-4, 1e-5, SIZES.total())).withBetas(0, 0.999),
            new Adam(Schedule.cosine(2e-3, 1e-5, SIZES.total())).withBetas(0, 0.999))
        .regularized(Regularizer.orthogonal(1e-4), null);
  }

  @Override
  Map<String, Double> also(DigitReview review, float[] pixels, int[] asked) {
    return Map.of("asked_share", review.judge().agreement(pixels, asked));
  }

  @Override
  double truncation() {
    return TRUNCATION;
  }

  /** Two lines of pictures for each of some thresholds of truncation, the lowest first, and how they are read. */
  @Override
  void exhibit(TrainRequest request, Maker maker, DigitReview review) throws IOException {
    int shown = LINES * COLUMNS * Digits.SIDE * Digits.SIDE;
    float[] all = new float[THRESHOLDS.length * shown];
    int[] asked = inTurn(DigitReview.COUNT, CLASSES);
    List<String> said = new ArrayList<>();
    for (int i = 0; i < THRESHOLDS.length; i++) {
      float[] noise = Noise.truncated(DigitReview.COUNT, SIZES.noise(), THRESHOLDS[i], request.seed());
      float[] pixels = maker.make(noise, asked);
      System.arraycopy(pixels, 0, all, i * shown, shown);
      said.add(
          String.format(
              Locale.ROOT, "%s: asked digit %.1f%%, Frechet %.2f", name(THRESHOLDS[i]),
              100 * review.judge().agreement(pixels, asked), review.review(pixels).frechet()));
    }
    PictureGrid.write(request.out().resolve("truncation.png"), all, Digits.SIDE, COLUMNS);
    request.listener().note("noise truncated at " + String.join("; ", said));
  }

  private static String name(double threshold) {
    return Double.isInfinite(threshold) ? "none" : Double.toString(threshold);
  }

  @Override
  TrainResult result(TrainRequest request, Trial trial) {
    if (trial.neighbours().copies() > 0) {
      return missed("copies", trial.neighbours().copies(), 0, trial);
    }
    double read = trial.review().judge().agreement(trial.pixels(), trial.asked());
    return card().result(read, trial.outcome().seconds(), trial.outcome().checkpoint());
  }
}
