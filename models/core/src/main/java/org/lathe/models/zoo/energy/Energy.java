package org.lathe.models.zoo.energy;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Energy-based models: Boltzmann machines and what is made of them. */
public final class Energy {
  /** As in {@code --family}. */
  public static final String FAMILY = "energy";

  private Energy() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(new BoltzmannModel(), new RbmModel(), new DbnModel(), new DbmModel(), new DeepAutoencoderModel());
  }
}
