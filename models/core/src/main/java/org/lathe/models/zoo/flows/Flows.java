package org.lathe.models.zoo.flows;

import java.util.List;
import org.lathe.models.nets.CouplingFlow.Kind;
import org.lathe.models.nets.CouplingFlow.Prior;
import org.lathe.models.nets.CouplingFlow;
import org.lathe.models.zoo.model.ZooModel;

/** Normalising flows. */
public final class Flows {
  /** As in {@code --family}. */
  public static final String FAMILY = "flows";

  private Flows() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(nice(), realnvp());
  }

  /**
   * Additive couplings and a logistic prior, as in the paper. They keep volumes, so that the densities found in the data have
   * to be the prior's, up to one factor: half of the gap is what is asked.
   */
  private static ZooModel nice() {
    return new FlowModel(
        "nice",
        "Dinh, Krueger and Bengio 2015",
        0.5,
        new CouplingFlow.Options(Kind.ADDITIVE, Prior.LOGISTIC, 2, 8, List.of(48L, 48L)),
        new CouplingFlow.Options(Kind.ADDITIVE, Prior.LOGISTIC, 3, 3, List.of(5L)),
        8,
        3e-3);
  }

  /** Affine couplings and a normal prior, as in the paper, without its batch norm between couplings. */
  private static ZooModel realnvp() {
    return new FlowModel(
        "realnvp",
        "Dinh, Sohl-Dickstein and Bengio 2017",
        0.25,
        new CouplingFlow.Options(Kind.AFFINE, Prior.NORMAL, 2, 8, List.of(48L, 48L)),
        new CouplingFlow.Options(Kind.AFFINE, Prior.NORMAL, 3, 3, List.of(5L)),
        8,
        3e-3);
  }
}
