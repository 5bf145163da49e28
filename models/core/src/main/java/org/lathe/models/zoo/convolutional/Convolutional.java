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
  private static final String VGG_PAPER = "Simonyan and Zisserman 2015";
  private static final String RESNET_PAPER = "He, Zhang, Ren and Sun 2016";

  private static final Training VGG = new Training(Schedule.exponential(1e-3, 0.5, 800), 64, 12, 8_000, 0.965);
  private static final Training RESNET = new Training(Schedule.exponential(2e-3, 0.5, 600), 64, 12, 8_000, 0.98);

  /** The paper's networks of 56 layers for CIFAR-10, half as wide. */
  private static final ResNet.Options DEEPEST = ResNet.Options.resnet56(CLASSES).withWidth(8);

  /** Gates as shut as 50 layers need for most of the picture to reach the last one: (1 - sigmoid(-4))^48 is 0.4. */
  private static final Highway.Options HIGHWAY = new Highway.Options(50, 16, 32, true, -4, CLASSES);

  private Convolutional() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        lenet5(), alexnet(), vgg("vgg11", Vgg.Options.vgg11(CLASSES), VGG),
        vgg("vgg16", Vgg.Options.vgg16(CLASSES).withBatchNorm(), Training.cosine(2e-3, 16, 3, 0.965)),
        resnet("resnet18", ResNet.Options.resnet18(CLASSES).withWidth(16), RESNET),
        resnet("resnet50", small(ResNet.Options.resnet50(CLASSES).withWidth(8)), deep(5)),
        resnet("resnet152", small(ResNet.Options.resnet152(CLASSES).withWidth(8)), deep(3)),
        resnet("plain56", small(DEEPEST.with(ResNet.Kind.PLAIN)), Training.cosine(2e-3, 32, 5, 0.98)),
        new ComparedClassifier(
            resnet("resnet56", small(DEEPEST), deep(3)),
            resnet("resnet56/plain", DEEPEST.with(ResNet.Kind.PLAIN), deep(3)), 1),
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

  /** AlexNet for 64 x 64; see {@link AlexNet}. The bench row {@code train-alexnet-227} has the published size. */
  private static PictureClassifier alexnet() {
    return new Row("alexnet", "Krizhevsky, Sutskever and Hinton 2012", 0.95, 64, VGG)
        .of(
            () -> new AlexNet(AlexNet.Options.small(CLASSES)),
            35, () -> new AlexNet(new AlexNet.Options(35, 2, 2, 6, 2, 7, 0.5, CLASSES)));
  }

  /** VGG for 64 x 64, an eighth as wide; see {@link Vgg}. The bench row {@code train-vgg16-224} has the published size. */
  private static PictureClassifier vgg(String name, Vgg.Options published, Training training) {
    return new Row(name, VGG_PAPER, 0.95, 64, training)
        .of(
            () -> new Vgg(published.sized(8, 64, 128, 0.3)),
            8, () -> new Vgg(published.withDepths(1, 2).sized(2, 8, 5, 0.3)));
  }

  /**
   * A narrow residual network on pictures of 32 x 32 with a stem of stride 2; see {@link ResNet}. The bench rows
   * {@code train-resnet18} and {@code train-resnet152-224} have the published width.
   */
  private static PictureClassifier resnet(String name, ResNet.Options options, Training training) {
    ResNet.Options halving = options.with(ResNet.Stem.HALVING);
    return new Row(name, RESNET_PAPER, 0.97, 32, training)
        .of(() -> new ResNet(halving), 8, () -> new ResNet(halving.withWidth(2).withDepths(1, 2)));
  }

  /** For deep networks with batch norm, which learn within few steps at a high rate. */
  private static Training deep(int epochs) {
    return Training.cosine(1e-2, 32, epochs, 0.98);
  }

  /**
   * With blocks that begin so small that all of them together add about as much as what they are added to. With the paper's
   * scale of 1 a network of 50 layers learned far more slowly, with 0 somewhat.
   */
  private static ResNet.Options small(ResNet.Options options) {
    return options.withBranchScale(Math.sqrt(1.0 / options.blocks()));
  }

  /**
   * 50 layers without normalisation, on pictures of 32 x 32; see {@link Highway}. The bar is within four points of what a
   * plain network of 10 layers of the same width, trained alike, reached on validation pictures of another seed (0.9075),
   * and was set before any network of this form was tested.
   */
  private static PictureClassifier highway(String name, Highway.Options options) {
    return new Row(name, "Srivastava, Greff and Schmidhuber 2015", 0.87, 32, Training.cosine(3e-3, 32, 3, 0.98))
        .of(() -> new Highway(options), 16, () -> new Highway(options.sized(5, 3, 16)));
  }

  /**
   * How a network learns, by Adam.
   *
   * @param pictures how many are made, those to validate included
   * @param goal the accuracy on the validation set at which the training ends at once; NaN for none
   */
  private record Training(Schedule rate, int batch, int epochs, int pictures, double goal) {
    /** The rate rises over the first 100 steps, then falls along a cosine to nearly nothing at the last one. */
    static Training cosine(double rate, int batch, int epochs, double goal) {
      int pictures = 12_000;
      long steps = (long) epochs * (pictures - pictures / 10) / batch;
      return new Training(
          Schedule.cosine(rate, rate / 100, steps).warmedUp(100), batch, epochs, pictures, goal);
    }
  }

  /** A classifier of shapes but for its network. */
  private record Row(String name, String paper, double bar, int side, Training training) {
    /**
     * @param checkSide of the pictures on which {@code check}, a smaller network of the same kind, is checked in the oracle
     */
    <M extends Module & Layer> PictureClassifier of(Supplier<M> net, int checkSide, Supplier<M> check) {
      return new PictureClassifier(
          name,
          FAMILY,
          paper,
          bar,
          new PictureClassifier.Parts(
              Pictures.shapes(side), made(net), Convolutional::centred, new Adam(training.rate()),
              training.batch(), training.epochs())
              .withTrain(training.pictures())
              .withGoal(training.goal())
              .with(new PictureClassifier.Check(Pictures.shapes(checkSide), made(check))));
    }

    private static <M extends Module & Layer> Supplier<PictureClassifier.Net> made(Supplier<M> make) {
      return () -> PictureClassifier.Net.of(make.get());
    }
  }

  /** Colours in 0..1 as numbers of about mean 0. */
  static Tensor centred(Tensor image) {
    return image.sub(0.5).mul(4);
  }
}
