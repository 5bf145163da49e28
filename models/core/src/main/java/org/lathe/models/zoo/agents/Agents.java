package org.lathe.models.zoo.agents;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Agents that learn by reinforcement. */
public final class Agents {
  /** As in {@code --family}. */
  public static final String FAMILY = "agents";

  private Agents() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(new DqnModel(), new ReinforceModel(), new A3cModel(), new TMazeModel());
  }
}
