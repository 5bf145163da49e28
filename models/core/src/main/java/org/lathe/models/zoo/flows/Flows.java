package org.lathe.models.zoo.flows;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Normalising flows. */
public final class Flows {
  /** As in {@code --family}. */
  public static final String FAMILY = "flows";

  private Flows() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of();
  }
}
