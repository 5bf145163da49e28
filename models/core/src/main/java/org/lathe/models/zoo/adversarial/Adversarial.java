package org.lathe.models.zoo.adversarial;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Adversarial networks. */
public final class Adversarial {
  /** As in {@code --family}. */
  public static final String FAMILY = "adversarial";

  private Adversarial() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(new WganGpModel());
  }
}
