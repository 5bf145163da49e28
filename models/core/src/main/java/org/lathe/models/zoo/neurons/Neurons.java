package org.lathe.models.zoo.neurons;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** First neurons: threshold units, Hebbian and competitive learning. */
public final class Neurons {
  /** As in {@code --family}. */
  public static final String FAMILY = "neurons";

  private Neurons() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        new McpModel(), new PerceptronModel(), new HebbModel(), new HopfieldModel(), new SomModel(), new GmdhModel(),
        new NeocognitronModel());
  }
}
