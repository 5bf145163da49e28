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
    return List.of(
        new PixelModel(
            "pixelcnn",
            "van den Oord, Kalchbrenner and Kavukcuoglu 2016; van den Oord et al. 2016",
            new PixelModel.Recipe(
                small -> new GatedPixelCnn(gated(small, 0)), 6_400, 32, 3, 4e-3)));
  }

  private static GatedPixelCnn.Options gated(boolean small, long classes) {
    return small
        ? new GatedPixelCnn.Options(4, PixelModel.LEVELS, 3, 2, 5, 3, 5, classes)
        : new GatedPixelCnn.Options(PixelModel.SIDE, PixelModel.LEVELS, 24, 5, 7, 3, 32, classes);
  }
}
