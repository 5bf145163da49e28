package org.lathe.models.zoo.autoencoders;

import java.util.List;
import org.lathe.models.zoo.model.ZooModel;

/** Autoencoders. */
public final class Autoencoders {
  /** As in {@code --family}. */
  public static final String FAMILY = "autoencoders";

  private Autoencoders() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(
        new AutoencoderModel(), new SparseAutoencoderModel(), new DenoisingAutoencoderModel(),
        new StackedDenoisingModel(), new ConvAutoencoderModel(), Variational.vae(),
        Variational.conv(), Variational.conditional(), Variational.beta(), new AaeModel());
  }
}
