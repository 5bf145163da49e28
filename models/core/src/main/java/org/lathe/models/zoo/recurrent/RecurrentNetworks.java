package org.lathe.models.zoo.recurrent;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Recurrent networks. */
public final class RecurrentNetworks {
  /** As in {@code --family}. */
  public static final String FAMILY = "recurrent";

  private RecurrentNetworks() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(new LstmModel());
  }
}
