package org.lathe.models.zoo.words;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Word vectors. */
public final class Words {
  /** As in {@code --family}. */
  public static final String FAMILY = "words";

  private Words() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(new CbowModel(), new SkipgramModel());
  }
}
