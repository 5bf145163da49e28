package org.lathe.cli;

import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.ZooModel;

/** Models by name. */
final class Names {
  private Names() {}

  static ZooModel model(String name) {
    return Zoo.find(name)
        .orElseThrow(() -> new CannotRun("there is no model '" + name + "': choose among " + String.join(", ", Zoo.names())));
  }
}
