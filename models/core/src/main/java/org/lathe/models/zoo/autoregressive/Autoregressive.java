package org.lathe.models.zoo.autoregressive;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Autoregressive pictures. */
public final class Autoregressive {
  /** As in {@code --family}. */
  public static final String FAMILY = "autoregressive";

  private Autoregressive() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of();
  }
}
