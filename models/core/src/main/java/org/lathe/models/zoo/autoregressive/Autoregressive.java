package org.lathe.models.zoo.autoregressive;

import java.util.List;
import org.lathe.models.nets.GatedPixelCnn;
import org.lathe.models.nets.PixelRnn;
import org.lathe.models.nets.PixelTransformer;
import org.lathe.models.zoo.model.ZooModel;

/** Autoregressive pictures. */
public final class Autoregressive {
  /** As in {@code --family}. */
  public static final String FAMILY = "autoregressive";

  private Autoregressive() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(pixelrnn(), pixelcnn(), transformer(), conditional());
  }

  /**
   * Row LSTMs. It differs from the paper in grey pictures of 14 x 14 pixels and four levels, three layers instead of seven or
   * twelve, and Adam.
   */
  private static ZooModel pixelrnn() {
    return new PixelModel(
        "pixelrnn",
        "van den Oord, Kalchbrenner and Kavukcuoglu 2016",
        new PixelModel.Recipe(
            small -> new PixelRnn(
                small
                    ? new PixelRnn.Options(4, PixelModel.LEVELS, 4, 3, 2, 5, 5)
                    : new PixelRnn.Options(PixelModel.SIDE, PixelModel.LEVELS, 32, 24, 3, 7, 32)),
            6_400, 32, 5, 4e-3));
  }

  /**
   * Convolutions with masks A and B, gated, in two stacks, so that no pixel above is in a blind spot. It differs from the
   * papers in grey pictures of 14 x 14 pixels and four levels, five layers of 24 features, and Adam.
   */
  private static ZooModel pixelcnn() {
    return new PixelModel(
        "pixelcnn",
        "van den Oord, Kalchbrenner and Kavukcuoglu 2016; van den Oord et al. 2016 (gated)",
        new PixelModel.Recipe(small -> new GatedPixelCnn(gated(small, 3, 0)), 6_400, 32, 5, 4e-3));
  }

  /**
   * Masked attention from each pixel to all earlier ones, where the first paper looks at blocks nearby, with a trained vector
   * for each row and each column of the picture; the second paper's net, much smaller.
   */
  private static ZooModel transformer() {
    return new PixelModel(
        "pixel-transformer",
        "Parmar et al. 2018; Chen et al. 2020",
        new PixelModel.Recipe(
            small -> new PixelTransformer(
                small
                    ? new PixelTransformer.Options(3, PixelModel.LEVELS, 6, 2, 7, 2)
                    : new PixelTransformer.Options(PixelModel.SIDE, PixelModel.LEVELS, 48, 4, 128, 3)),
            6_400, 32, 4, 3e-3));
  }

  /**
   * As {@link #pixelcnn}, with biases of the class at all gates, and wider filters: a digit of the asked class is one only if
   * its lower half fits its upper one. The paper's skip connections are left out.
   */
  private static ZooModel conditional() {
    return new PixelModel(
        "conditional-pixelcnn",
        "van den Oord et al. 2016",
        new PixelModel.Recipe(
            small -> new GatedPixelCnn(gated(small, 5, PixelModel.CLASSES)), 9_600, 32, 6, 4e-3));
  }

  /**
   * @param size of the layers after the first: with 3 a pixel depends on the 7 rows above it, with 5 on 11
   */
  private static GatedPixelCnn.Options gated(boolean small, long size, long classes) {
    return small
        ? new GatedPixelCnn.Options(4, PixelModel.LEVELS, 3, 2, 5, size, 5, classes)
        : new GatedPixelCnn.Options(PixelModel.SIDE, PixelModel.LEVELS, 24, 5, 7, size, 32, classes);
  }
}
