package org.lathe.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lathe.models.zoo.Zoo;
import org.lathe.models.zoo.model.ZooModel;

/** Models by name. */
final class Names {
  private Names() {}

  static ZooModel model(String name) {
    return Zoo.find(name)
        .orElseThrow(
            () -> new CannotRun("there is no model '" + name + "': choose among " + String.join(", ", Zoo.names())));
  }

  /** The models of a family, or of the whole zoo if it is null. */
  static List<ZooModel> family(@Nullable String family) {
    if (family == null) {
      return Zoo.models();
    }
    return Zoo.family(family)
        .orElseThrow(
            () -> new CannotRun(
                "--family " + family + ": there is no such family; choose among " + String.join(", ", Zoo.families())));
  }
}
