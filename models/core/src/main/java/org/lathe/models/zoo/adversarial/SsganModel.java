package org.lathe.models.zoo.adversarial;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lathe.compiler.op.LossOps;
import org.lathe.compiler.op.Tensor;
import org.lathe.hal.DType;
import org.lathe.hal.Dims;
import org.lathe.models.adversarial.AdversarialLoss;
import org.lathe.models.adversarial.Contest;
import org.lathe.models.adversarial.Game;
import org.lathe.models.adversarial.Sample;
import org.lathe.models.data.Column;
import org.lathe.models.data.Dataset;
import org.lathe.models.data.Digits;
import org.lathe.models.data.TrainTest;
import org.lathe.models.nets.Mlp;
import org.lathe.models.nn.Dropout;
import org.lathe.models.nn.Forward;
import org.lathe.models.nn.Initializer;
import org.lathe.models.nn.Linear;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.train.BoundStep;
import org.lathe.models.train.EarlyStopping.Direction;
import org.lathe.models.train.Evaluation;
import org.lathe.models.train.Field;
import org.lathe.models.train.ModelState;
import org.lathe.models.train.Step;
import org.lathe.models.train.StepContext;
import org.lathe.models.zoo.model.Card;
import org.lathe.models.zoo.model.RunRequest;
import org.lathe.models.zoo.model.TrainRequest;
import org.lathe.models.zoo.model.TrainResult;
import org.lathe.models.zoo.parts.PicturePredictions;
import org.lathe.models.zoo.parts.Pictures;

/**
 * A semi-supervised GAN of digits (Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen 2016; Odena 2016): the
 * discriminator is a classifier of pictures [batch, 1, 28, 28] to logits [batch, 10], beside which the class of made
 * pictures has the logit 0, so that the log-odds of a picture being real are the logits' log-sum-exp. It learns classes
 * from {@value #LABELS} labels of each, and what pictures look like from all of them. The generator of noise [batch, 32]
 * raises those log-odds, and matches the mean of the classifier's features.
 *
 * <p>The bar is that its accuracy on held-out digits is at least {@value #GAIN} above that of the same classifier without
 * the game, which learns beside it from the same batches of the same labels: three standard errors of the difference
 * of two accuracies near 90% on {@value #TEST} pictures.
 *
 * <p>It differs from Salimans et al. in smaller layers, in batch norm in the generator as its only normalisation, in that
 * dropout stands for the noise between the classifier's layers, and in that the generator also raises the log-odds, as
 * Odena's does: features alone leave it with few digits, and the classifier with no gain.
 */
final class SsganModel extends DigitGanModel {
  private static final int CLASSES = 10;
  private static final int LABELS = 50;
  private static final int TEST = 4000;
  private static final double GAIN = 0.02;
  private static final Sizes SIZES = new Sizes(10_000, 64, 32, 0, 250, 12);
  private static final long PREDICTED = 100;
  private static final double SLOPE = 0.2;
  private static final double DROPPED = 0.3;
  /** The deviation of the noise on the classifier's pictures, which are in -1..1. */
  private static final double NOISE = 0.5;

  SsganModel() {
    super(
        new Card(
            "ssgan",
            Adversarial.FAMILY,
            "Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen 2016; Odena 2016",
            "gain",
            Direction.HIGHER,
            GAIN,
            "digits, or mnist:DIR"),
        SIZES);
  }

  /** [batch, 784] - wide - narrow - 10, with noise on its pictures and dropout between its layers. */
  private static final class Classifier extends Module {
    private final Linear first;
    private final Linear second;
    private final Linear last;
    private final Dropout dropout = new Dropout(DROPPED);

    Classifier(long wide, long narrow) {
      first = child("first", new Linear((long) Digits.SIDE * Digits.SIDE, wide, Initializer.he()));
      second = child("second", new Linear(wide, narrow, Initializer.he()));
      last = child("last", new Linear(narrow, CLASSES));
    }

    /** What the last layer sees: [batch, narrow]. */
    Tensor features(Tensor image) {
      Tensor x = image.flatten(1);
      if (Forward.current().isTraining()) {
        x = x.add(Forward.current().normal(x.shape()).mul(NOISE));
      }
      Tensor h = dropout.apply(first.apply(x).leakyRelu(SLOPE));
      return second.apply(h).leakyRelu(SLOPE);
    }

    Tensor logits(Tensor image) {
      return last.apply(dropout.apply(features(image)));
    }

    Tensor loss(Tensor image, Tensor label) {
      return LossOps.softmaxCrossEntropy(logits(image), label).mean();
    }
  }

  /** What the critic's step trains: the discriminator, and beside it the classifier without a game. */
  private static final class Classifiers extends Module {
    final Classifier discriminator;
    final Classifier supervised;

    Classifiers(long wide, long narrow) {
      discriminator = child("discriminator", new Classifier(wide, narrow));
      supervised = child("supervised", new Classifier(wide, narrow));
    }
  }

  private static final class Networks extends DigitNetworks {
    private final Mlp generator;
    private final Classifiers classifiers;
    private final long noise;

    Networks(long noise, long narrow, long wide) {
      this.noise = noise;
      generator = child(
          "generator",
          new Mlp(Tensor::relu, Initializer.he(), 0, true, noise, narrow, wide, (long) Digits.SIDE * Digits.SIDE));
      classifiers = child("classifiers", new Classifiers(wide, narrow));
    }

    @Override
    Tensor make(Tensor from, @Nullable Tensor condition) {
      return generator.apply(from).tanh().reshape(-1, 1, Digits.SIDE, Digits.SIDE);
    }

    @Override
    Contest contest(long batch) {
      return new DigitContest(this, batch);
    }
  }

  /** Half of what {@code of} has for the critic, as in the paper. */
  private record HalfCritic(AdversarialLoss of) implements AdversarialLoss {
    @Override
    public Tensor critic(Tensor real, Tensor fake) {
      return of.critic(real, fake).mul(0.5);
    }

    @Override
    public Tensor generator(Tensor fake) {
      return of.generator(fake);
    }
  }

  private record DigitContest(Networks model, long batch) implements Contest {
    private static Tensor centred(Tensor image) {
      return image.mul(2).sub(1);
    }

    private static Field pictures(String name, long batch) {
      return Field.floats(name, batch, 1, Digits.SIDE, Digits.SIDE);
    }

    @Override
    public Module generator() {
      return model.generator;
    }

    @Override
    public Module critic() {
      return model.classifiers;
    }

    @Override
    public List<Field> criticFields() {
      return List.of(pictures("image", batch), pictures("labelled", batch), Field.ints("label", batch));
    }

    @Override
    public List<Field> generatorFields() {
      return List.of(pictures("image", batch));
    }

    @Override
    public Sample real(StepContext c) {
      return Sample.of(centred(c.input("image")));
    }

    @Override
    public Sample fake(StepContext c) {
      return Sample.of(model.make(Forward.current().normal(Dims.of(batch, model.noise)), null));
    }

    @Override
    public Tensor judge(Sample sample) {
      return model.classifiers.discriminator.logits(sample.x()).logSumExp(1);
    }

    /** The cross-entropy of both classifiers on the labelled pictures; they have no parameter in common. */
    @Override
    public Tensor criticTerm(StepContext c, Sample real, Sample fake) {
      Tensor labelled = centred(c.input("labelled"));
      return model.classifiers.discriminator.loss(labelled, c.input("label"))
          .add(model.classifiers.supervised.loss(labelled, c.input("label")));
    }

    /** The squared distance of the mean features of made pictures from those of real ones. */
    @Override
    public Tensor generatorTerm(StepContext c, Sample fake) {
      Classifier judge = model.classifiers.discriminator;
      Tensor real = judge.features(centred(c.input("image"))).mean(0);
      return judge.features(fake.x()).mean(0).sub(real).square().mean();
    }
  }

  @Override
  DigitNetworks networks(boolean small) {
    return small ? new Networks(SMALL_NOISE, 5, 7) : new Networks(SIZES.noise(), 128, 256);
  }

  @Override
  Game game() {
    return Game.of(
        new HalfCritic(AdversarialLoss.NON_SATURATING),
        new Adam(Schedule.cosine(2e-3, 1e-5, SIZES.total())).withBetas(0.5, 0.999),
        new Adam(Schedule.cosine(2e-3, 1e-5, SIZES.total())).withBetas(0.5, 0.999));
  }

  /** Each picture, without its label, beside one of the labelled. */
  @Override
  Dataset examples(Dataset train) {
    int[] label = ((Column.Ints) train.column("label")).data();
    int[] count = new int[CLASSES];
    List<Integer> labelled = new ArrayList<>();
    for (int i = 0; i < label.length; i++) {
      if (count[label[i]]++ < LABELS) {
        labelled.add(i);
      }
    }
    int[] beside = new int[train.size()];
    Arrays.setAll(beside, i -> labelled.get(i % labelled.size()));
    Column.Floats chosen = (Column.Floats) train.column("image").select(beside);
    return new Dataset(
        train.name(),
        List.of(
            train.column("image"), new Column.Floats("labelled", chosen.shape(), chosen.data()),
            train.column("label").select(beside)));
  }

  private static Step predicting(Networks networks, long batch) {
    return Step.inference(
        "predict",
        networks,
        List.of(DigitContest.pictures("image", batch), Field.ints("label", batch)),
        c -> {
          Tensor image = DigitContest.centred(c.input("image"));
          Tensor label = c.input("label");
          Classifiers both = networks.classifiers;
          c.report("accuracy", both.discriminator.logits(image).argMax(1).equalTo(label).cast(DType.F32));
          c.report("supervised_accuracy", both.supervised.logits(image).argMax(1).equalTo(label).cast(DType.F32));
        });
  }

  @Override
  Step inference(DigitNetworks networks, long batch, boolean small) {
    return predicting((Networks) networks, batch);
  }

  @Override
  int held() {
    return TEST;
  }

  @Override
  Gauge gauge(ModelState state, TrainTest data) {
    BoundStep predict = BoundStep.bind(predicting((Networks) networks(false), PREDICTED), state);
    // The labels of the last pictures are not learned from: the first of each class are.
    int size = data.train().size();
    Evaluation validation = new Evaluation(predict, data.train().range(size - Math.min(size, 1000), size));
    Evaluation test = new Evaluation(predict, data.test());
    return new Gauge() {
      @Override
      public Map<String, Double> measure(boolean atEnd) {
        return atEnd ? test.run() : validation.run();
      }

      @Override
      public void close() {
        predict.close();
      }
    };
  }

  @Override
  TrainResult result(TrainRequest request, Trial trial) {
    double accuracy = trial.gauged().getOrDefault("accuracy", Double.NaN);
    double supervised = trial.gauged().getOrDefault("supervised_accuracy", Double.NaN);
    request.listener().note(
        String.format(
            Locale.ROOT,
            "with %d labels of each class: accuracy %.1f%%, of the same classifier without the game %.1f%%",
            LABELS, 100 * accuracy, 100 * supervised));
    return card().result(accuracy - supervised, trial.outcome().seconds(), trial.outcome().checkpoint());
  }

  private Step running(long batch) {
    Networks networks = (Networks) networks(false);
    return PicturePredictions.step(
        networks, Pictures.DIGITS, batch,
        image -> networks.classifiers.discriminator.logits(DigitContest.centred(image)).softmax(1));
  }

  @Override
  public List<Step> runSteps() {
    List<Step> steps = new ArrayList<>(super.runSteps());
    steps.add(predicting((Networks) networks(false), PREDICTED));
    steps.add(running(PREDICTED));
    return steps;
  }

  /** Tells the class of pictures that no training has seen. */
  @Override
  public Map<String, Double> run(RunRequest request) throws IOException {
    Pictures.Labelled pictures = Pictures.DIGITS.loadTest(
        name(), request.data(), request.countOr((int) PREDICTED), request.seed());
    return PicturePredictions.run(name(), request, pictures, (int) PREDICTED, this::running);
  }
}
