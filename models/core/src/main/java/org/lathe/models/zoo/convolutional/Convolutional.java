package org.lathe.models.zoo.convolutional;

import java.util.List;
import java.util.function.Supplier;
import org.lathe.compiler.op.Tensor;
import org.lathe.models.nets.AlexNet;
import org.lathe.models.nets.Highway;
import org.lathe.models.nets.LeNet5;
import org.lathe.models.nets.ResNet;
import org.lathe.models.nets.Vgg;
import org.lathe.models.nn.Layer;
import org.lathe.models.nn.Module;
import org.lathe.models.optim.Adam;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.PictureClassifier;
import org.lathe.models.zoo.parts.Pictures;

/** Convolutional networks. */
public final class Convolutional {
  /** As in {@code --family}. */
  public static final String FAMILY = "convolutional";

  private static final long CLASSES = 10;
  private static final String RESNET_PAPER = "He, Zhang, Ren and Sun 2016";

  private static final Schedule RATE = Schedule.exponential(3e-3, 0.5, 130);
  private static final Highway.Options HIGHWAY = new Highway.Options(50, 16, 32, true, -2, CLASSES);

  private Convolutional() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        lenet5(), alexnet(), vgg("vgg11", Vgg.Options.vgg11(CLASSES)),
        vgg("vgg16", Vgg.Options.vgg16(CLASSES).withBatchNorm()),
        resnet("resnet18", ResNet.Options.resnet18(CLASSES).withWidth(16).with(ResNet.Stem.HALVING)),
        resnet("resnet50", ResNet.Options.resnet50(CLASSES).withIdentity().withWidth(8).with(ResNet.Stem.HALVING)),
        resnet("resnet152", ResNet.Options.resnet152(CLASSES).withIdentity().withWidth(8).with(ResNet.Stem.HALVING)),
        deep("plain56", ResNet.Kind.PLAIN, Schedule.exponential(1e-3, 0.5, 400), 8),
        new ComparedClassifier(
            deep("resnet56", ResNet.Kind.BASIC, RATE, 3), deep("resnet56/plain", ResNet.Kind.PLAIN, RATE, 3), 1),
        new ComparedClassifier(highway("highway", HIGHWAY), highway("highway/plain", HIGHWAY.plain()), 3),
        new DasNetModel(), new LocalizerModel(), new SelectAdditiveModel());
  }

  /** LeNet-5 on pictures padded to 32 x 32; see {@link LeNet5}. */
  private static PictureClassifier lenet5() {
    return new PictureClassifier(
        "lenet5",
        FAMILY,
        "LeCun, Bottou, Bengio and Haffner 1998",
        0.985,
        new PictureClassifier.Parts(
            Pictures.DIGITS,
            () -> PictureClassifier.Net.of(new LeNet5()),
            LeNet5::prepare,
            new Sgd(Schedule.exponential(0.05, 0.5, 1000), 0.9, false),
            64,
            8));
  }

  /** AlexNet for 64 x 64; see {@link AlexNet}. The bench rows {@code train-alexnet-227} have the published size. */
  private static PictureClassifier alexnet() {
    AlexNet.Options check = new AlexNet.Options(35, 2, 2, 6, 2, 7, 0.5, CLASSES);
    return new PictureClassifier(
        "alexnet",
        FAMILY,
        "Krizhevsky, Sutskever and Hinton 2012",
        0.95,
        new PictureClassifier.Parts(
            Pictures.shapes(64),
            net(() -> new AlexNet(AlexNet.Options.small(CLASSES))),
            Convolutional::centred,
            new Adam(Schedule.exponential(1e-3, 0.5, 800)),
            64,
            12)
            .withTrain(8_000)
            .withGoal(0.965)
            .with(new PictureClassifier.Check(Pictures.shapes(35), net(() -> new AlexNet(check)))));
  }

  /** VGG for 64 x 64, an eighth as wide; see {@link Vgg}. The bench row {@code train-vgg16-224} has the published size. */
  private static PictureClassifier vgg(String name, Vgg.Options published) {
    return new PictureClassifier(
        name,
        FAMILY,
        "Simonyan and Zisserman 2015",
        0.95,
        new PictureClassifier.Parts(
            Pictures.shapes(64),
            net(() -> new Vgg(published.sized(8, 64, 128, 0.3))),
            Convolutional::centred,
            new Adam(Schedule.exponential(1e-3, 0.5, 800)),
            64,
            12)
            .withTrain(8_000)
            .withGoal(0.965)
            .with(
                new PictureClassifier.Check(
                    Pictures.shapes(8), net(() -> new Vgg(published.withDepths(1, 2).sized(2, 8, 5, 0.3))))));
  }

  /**
   * A narrow residual network on pictures of 32 x 32; see {@link ResNet}. The bench rows {@code train-resnet18} and
   * {@code train-resnet152-224} have the published width.
   */
  private static PictureClassifier resnet(String name, ResNet.Options options) {
    return new PictureClassifier(
        name,
        FAMILY,
        RESNET_PAPER,
        0.97,
        new PictureClassifier.Parts(
            Pictures.shapes(32),
            net(() -> new ResNet(options)),
            Convolutional::centred,
            new Adam(Schedule.exponential(2e-3, 0.5, 600)),
            64,
            12)
            .withTrain(8_000)
            .withGoal(0.98)
            .with(
                new PictureClassifier.Check(
                    Pictures.shapes(8), net(() -> new ResNet(options.withWidth(2).withDepths(1, 2))))));
  }

  /**
   * The paper's networks of 56 layers for CIFAR-10, 0.85 million parameters, on pictures of 32 x 32 with a stem of stride 2;
   * see {@link ResNet}.
   */
  private static PictureClassifier deep(String name, ResNet.Kind kind, Schedule rate, int epochs) {
    ResNet.Options options = ResNet.Options.resnet56(CLASSES).with(kind).with(ResNet.Stem.HALVING);
    return new PictureClassifier(
        name,
        FAMILY,
        RESNET_PAPER,
        0.97,
        new PictureClassifier.Parts(
            Pictures.shapes(32),
            net(() -> new ResNet(options)),
            Convolutional::centred,
            new Adam(rate),
            64,
            epochs)
            .withTrain(8_000)
            .with(
                new PictureClassifier.Check(
                    Pictures.shapes(8), net(() -> new ResNet(options.withWidth(2).withDepths(1, 2))))));
  }

  /** 50 layers without normalisation, on pictures of 32 x 32; see {@link Highway}. */
  private static PictureClassifier highway(String name, Highway.Options options) {
    return new PictureClassifier(
        name,
        FAMILY,
        "Srivastava, Greff and Schmidhuber 2015",
        0.7,
        new PictureClassifier.Parts(
            Pictures.shapes(32),
            net(() -> new Highway(options)),
            Convolutional::centred,
            new Adam(Schedule.exponential(1e-3, 0.5, 400)),
            64,
            5)
            .withTrain(8_000)
            .with(
                new PictureClassifier.Check(
                    Pictures.shapes(12), net(() -> new Highway(options.sized(4, 3, 12))))));
  }

  /** Colours in 0..1 as numbers of about mean 0. */
  static Tensor centred(Tensor image) {
    return image.sub(0.5).mul(4);
  }

  private static <M extends Module & Layer> Supplier<PictureClassifier.Net> net(Supplier<M> make) {
    return () -> PictureClassifier.Net.of(make.get());
  }
}
