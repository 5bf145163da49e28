package org.lathe.models.zoo.convolutional;

import java.util.List;
import org.lathe.models.nets.LeNet5;
import org.lathe.models.optim.Schedule;
import org.lathe.models.optim.Sgd;
import org.lathe.models.zoo.model.ZooModel;
import org.lathe.models.zoo.parts.DigitClassifier;

/** Convolutional networks. */
public final class Convolutional {
  /** As in {@code --family}. */
  public static final String FAMILY = "convolutional";

  private Convolutional() {}

  /** Its models, in the order in which they are listed. */
  public static List<ZooModel> models() {
    return List.of(lenet5());
  }

  /** LeNet-5 on pictures padded to 32 x 32; see {@link LeNet5}. */
  private static DigitClassifier lenet5() {
    return new DigitClassifier(
        "lenet5",
        FAMILY,
        "LeCun, Bottou, Bengio and Haffner 1998",
        0.985,
        new DigitClassifier.Parts(
            () -> DigitClassifier.Net.of(new LeNet5()),
            LeNet5::prepare,
            new Sgd(Schedule.exponential(0.05, 0.5, 1000), 0.9, false),
            64,
            8));
  }
}
